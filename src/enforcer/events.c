#include <sallyport/enforcer.h>

#include <syslog.h>

const char *sp_event_name(enum sp_event event)
{
	switch (event) {
	case SP_EVENT_STARTED: return "started";
	case SP_EVENT_POLICY: return "policy";
	case SP_EVENT_OPENED: return "opened";
	case SP_EVENT_RENEWED: return "renewed";
	case SP_EVENT_REVOKED: return "revoked";
	case SP_EVENT_WITHDRAWN: return "withdrawn";
	case SP_EVENT_REFUSED: return "refused";
	case SP_EVENT_UNPROVEN: return "unproven";
	case SP_EVENT_DRIFT: return "drift";
	case SP_EVENT_RESTORED: return "restored";
	case SP_EVENT_ROLLED_BACK: return "rolled-back";
	case SP_EVENT_CLOCK: return "clock";
	case SP_EVENT_TROUBLE: return "trouble";
	case SP_EVENT_STOPPED: return "stopped";
	}
	return "?";
}

int sp_event_priority(enum sp_event event)
{
	switch (event) {
	case SP_EVENT_RENEWED: return LOG_DEBUG;
	case SP_EVENT_STARTED:
	case SP_EVENT_POLICY:
	case SP_EVENT_STOPPED:
	case SP_EVENT_CLOCK: return LOG_INFO;
	case SP_EVENT_OPENED:
	case SP_EVENT_RESTORED: return LOG_NOTICE;
	case SP_EVENT_ROLLED_BACK:
	case SP_EVENT_REVOKED:
	case SP_EVENT_WITHDRAWN:
	case SP_EVENT_REFUSED:
	case SP_EVENT_UNPROVEN:
	case SP_EVENT_DRIFT: return LOG_WARNING;
	case SP_EVENT_TROUBLE: return LOG_ERR;
	}
	return LOG_ERR;
}
