/* Growable arrays: { T *items; size_t length, capacity; } in any struct. */
#ifndef SALLYPORT_ARRAY_H
#define SALLYPORT_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

/* Declares an anonymous array member or variable of T. Zero is empty. */
#define SP_ARRAY(T)                      \
	struct {                         \
		T *items;                \
		size_t length, capacity; \
	}

/* Makes room for `more` further items. False when memory is out or the count
 * would overflow; the array is then as it was. */
#define sp_array_reserve(array, more)                                                    \
	(((array)->items && (array)->capacity - (array)->length >= (size_t)(more)) ||    \
	    sp_array_grow((void **)&(array)->items, &(array)->capacity, (array)->length, \
		(more), sizeof(*(array)->items)))

/* Appends a copy of `item`; false when memory is out. */
#define sp_array_push(array, ...)      \
	(sp_array_reserve(array, 1) && \
	    ((array)->items[(array)->length++] = (__VA_ARGS__), true))

/* Frees the items' memory (not what they point to) and leaves it empty. */
#define sp_array_free(array) \
	sp_array_release((void **)&(array)->items, &(array)->length, &(array)->capacity)

bool sp_array_grow(
    void **items, size_t *capacity, size_t length, size_t more, size_t item_size);
void sp_array_release(void **items, size_t *length, size_t *capacity);

/* A growing text; always NUL-terminated once something was added. A failed
 * addition sets `failed` and later ones do nothing, so that a caller checks
 * once, at the end. */
struct sp_text {
	char *bytes;
	size_t length, capacity;
	bool failed;
};

void sp_text_add(struct sp_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Words one behind the other: no format has to be read for them. */
#define sp_text_join(text, ...) \
	sp_text_join_words((text), __VA_ARGS__, (const char *)NULL)
void sp_text_join_words(struct sp_text *text, ...) __attribute__((sentinel));
void sp_text_add_number(struct sp_text *text, unsigned number);
void sp_text_add_bytes(struct sp_text *text, const void *bytes, size_t length);
/* The same into a buffer; what does not fit in it with its NUL is cut off. */
#define sp_join(to, size, ...) \
	sp_join_words((to), (size), __VA_ARGS__, (const char *)NULL)
void sp_join_words(char *to, size_t size, ...) __attribute__((sentinel));
#define SP_DECIMAL 12
const char *sp_decimal(char digits[SP_DECIMAL], unsigned number);
void sp_text_free(struct sp_text *text);

#endif
