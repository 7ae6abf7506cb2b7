#include "unknown.h"

#include <stdio.h>

#include <sallyport/array.h>
#include <sallyport/suggest.h>

#include "page.h"

void sp_say_unknown(
    const char *what, const char *name, const char *const *names, size_t count)
{
	const char *near = sp_suggested(name, names, count);
	struct sp_text known = { 0 };

	for (size_t i = 0; i < count && !near; i++)
		sp_text_add(&known, "%s %s", i ? "," : "; there are", names[i]);
	sp_page_sayf(stderr, "sallyport: there is no %s \"%s\"%s%s%s\n", what, name,
	    near ? ": did you mean \"" : "",
	    near	  ? near
	    : known.bytes ? known.bytes
			  : "",
	    near ? "\"?" : "");
	sp_text_free(&known);
}
