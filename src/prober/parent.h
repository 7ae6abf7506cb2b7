/* The prober's parent: preloaded, privileged to nothing, one child per endpoint. */
#ifndef SALLYPORT_PROBER_PARENT_H
#define SALLYPORT_PROBER_PARENT_H

/* Serves the caller on `control` until it hangs up; the exit status, ENOMEM where memory
 * is out. */
int parent_run(int control);

#endif
