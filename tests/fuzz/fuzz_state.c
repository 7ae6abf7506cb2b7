/* Files of the state directory: evidence, notes, what is pending, digests, the
 * floor. Whatever stands there, they are read or they are not; the floor compiles
 * to something, and never to more than the file says. */
#include "fuzz.h"

#include <sys/stat.h>

#include <sallyport/evidence.h>
#include <sallyport/floor.h>
#include <sallyport/state.h>

static char state[] = "/dev/shm/sallyport-fuzz-XXXXXX";

static const char *const files[] = { "evidence/tcp-443.json",
	"evidence/override-443.json", "drift.json", "pending/deadline", "active/digest",
	"floor" };

static void forget(void)
{
	static const char *const folders[] = { "evidence", "pending", "active", "" };
	char path[128];

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/%s", state, files[i]);
		unlink(path);
	}
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
		snprintf(path, sizeof(path), "%s/%s", state, folders[i]);
		rmdir(path);
	}
}

static void prepare(void)
{
	static bool prepared;
	char path[128];

	if (prepared)
		return;
	prepared = true;
	FUZZ_CHECK(mkdtemp(state));
	atexit(forget);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		snprintf(path, sizeof(path), "%s/%s", state, files[i]);
		if (strchr(files[i], '/'))
			*strrchr(path, '/') = '\0';
		mkdir(path, 0700);
	}
	/* A floor without a folder of its own was made as one. */
	snprintf(path, sizeof(path), "%s/floor", state);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/drift.json", state);
	rmdir(path);
}

static void write_all(const uint8_t *bytes, size_t length)
{
	char path[128];

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		int file;

		snprintf(path, sizeof(path), "%s/%s", state, files[i]);
		file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		FUZZ_CHECK(file >= 0 && write(file, bytes, length) == (ssize_t)length);
		close(file);
	}
}

static void read_floor(void)
{
	struct sp_diag diag = { 0 };
	struct sp_policy *policy = sp_floor_read(state, &diag);

	FUZZ_CHECK(policy);
	for (size_t i = 0; i < policy->service_count; i++) {
		const struct sp_service *service = &policy->services[i];

		FUZZ_CHECK(service->action == SP_ALLOW && service->tls == SP_TLS_NONE);
		FUZZ_CHECK(service->tcp || service->udp);
		FUZZ_CHECK(service->port_count);
	}
	sp_policy_free(policy);
	sp_diag_free(&diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct sp_evidence evidence = { 0 };
	struct sp_override_note note = { 0 };
	struct sp_drift_note drift;
	struct sp_pending pending;
	uint8_t digest[SP_DIGEST_BYTES];

	prepare();
	write_all(bytes, length);
	if (sp_evidence_load(state, SP_TCP, 443, &evidence))
		FUZZ_CHECK(evidence.outcome && evidence.reason);
	sp_evidence_clear(&evidence);
	if (sp_override_note_load(state, 443, &note))
		FUZZ_CHECK(note.reason);
	free(note.reason);
	drift = sp_drift_note_load(state);
	FUZZ_CHECK(memchr(drift.writer, '\0', sizeof(drift.writer)));
	if (sp_snapshot_pending(state, &pending))
		FUZZ_CHECK(memchr(pending.boot_id, '\0', sizeof(pending.boot_id)));
	sp_snapshot_digest(state, SP_SNAPSHOT_ACTIVE, digest);
	read_floor();
	return 0;
}
