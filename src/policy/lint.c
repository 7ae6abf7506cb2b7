#include <sallyport/lint.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <sallyport/array.h>

static const struct sp_lint_entry entries[SP_LINT_COUNT] = {
	[SP_LINT_SHADOWED] = { "shadowed", "a service that decides nothing",
	    "Every packet that the service names is decided by others before it is\n"
	    "asked: block beats reject beats allow, and of two allows the first one\n"
	    "that lets a packet in. Its own action, rate and log never take effect.\n"
	    "Remove it, or narrow the ones that stand before it.\n" },
	[SP_LINT_SHADOWED_IN_PART] = { "shadowed-in-part",
	    "an allow that a block reaches into",
	    "A block or reject takes some of what the service allows, and reaches\n"
	    "beyond it: neither lies within the other, so that one cannot be read as\n"
	    "the exception from the other. Somebody whom `from` names is shut out.\n"
	    "If that is meant, say so with allow_lint; else narrow one of them.\n"
	    "(A block that lies wholly inside an allow is an exception, and fine.)\n" },
	[SP_LINT_REDUNDANT] = { "redundant",
	    "a service without which nothing would change",
	    "Every packet that the service decides would meet the same fate without\n"
	    "it: other services, several together perhaps, allow or block the same.\n"
	    "Such a service is a trap: who removes one of the others believes the\n"
	    "port shut, and it stays open. Remove it.\n" },
	[SP_LINT_SUBSET_SOURCE] = { "subset-source",
	    "a source that another one of the same list holds",
	    "An element of `from` lies wholly within another one of the same list.\n"
	    "It has no effect; taking it out of the list would not take the access\n"
	    "away. Remove it, or narrow the wider one.\n" },
	[SP_LINT_EMPTY_ADDRESSES] = { "empty-addresses",
	    "an address set without an address",
	    "Nobody is in the set: a service that allows it allows nobody, a block\n"
	    "list of it blocks nobody. Often a list that was not filled, or whose\n"
	    "lines are all comments.\n" },
	[SP_LINT_UNUSED_ADDRESSES] = { "unused-addresses",
	    "an address set that nothing names",
	    "No `from` names the set, and it does not block. Remove it, or name it\n"
	    "with @NAME where it was meant to be.\n" },
	[SP_LINT_OVERLAPPING_ADDRESSES] = { "overlapping-addresses",
	    "address sets that overlap where they should not",
	    "Two sets of one `from`, or two block lists, share addresses: taking an\n"
	    "address out of one leaves it in the other. Or a service allows a set of\n"
	    "which a block list takes a part, and more besides: those addresses are\n"
	    "shut out. Keep an address in one place. (A block list that lies wholly\n"
	    "within what is allowed is an exception, and fine.)\n" },
	[SP_LINT_PLAIN_FROM_ANY] = { "plain-from-any",
	    "passwords in clear text, open to everybody",
	    "telnet and ftp send what is typed as it is, and so does a service whose\n"
	    "catalogue entry has TLS and which is written with tls = none. Anybody on\n"
	    "the way can read and change it. Ask for TLS (telnets, ftps, tls =\n"
	    "starttls), use ssh, or limit `from` to a network that you trust.\n" },
	[SP_LINT_PLAIN_FOR_TLS] = { "plain-for-tls",
	    "no TLS asked for where the catalogue has it",
	    "The catalogue knows the service with TLS, and here it is written with\n"
	    "tls = none: the port opens whatever the server speaks, and nothing is\n"
	    "verified. Remove tls = none to have it proven.\n" },
	[SP_LINT_PLAIN_ON_TLS_PORT] = { "plain-on-tls-port",
	    "no TLS asked for on a port that is known for it",
	    "The catalogue knows the port, and only with TLS, but this service says\n"
	    "tls = none. If TLS is what answers there, ask for it: `use` the entry\n"
	    "of the catalogue, or write tls = required.\n" },
	[SP_LINT_TLS_ON_PLAIN_PORT] = { "tls-on-plain-port",
	    "TLS asked for on a port that is known without",
	    "The catalogue knows the port, and only without TLS, but this service\n"
	    "asks for a proof: if the server speaks plain text there, the port will\n"
	    "stay shut. Check the port's number.\n" },
};

const struct sp_lint_entry *sp_lint_entry(enum sp_lint_id id)
{
	return &entries[id];
}

bool sp_lints_add(struct sp_lints *lints, unsigned allowed, enum sp_lint_id id,
    const struct sp_location *at, const char *format, ...)
{
	struct sp_lint lint = { .id = id, .at = *at };
	va_list arguments;
	int length;

	if (allowed >> id & 1)
		return true;
	va_start(arguments, format);
	length = vasprintf(&lint.message, format, arguments);
	va_end(arguments);
	if (length < 0)
		return false;
	if (sp_array_push(lints, lint))
		return true;
	free(lint.message);
	return false;
}

void sp_lints_free(struct sp_lints *lints)
{
	for (size_t i = 0; i < lints->length; i++)
		free(lints->items[i].message);
	sp_array_free(lints);
}
