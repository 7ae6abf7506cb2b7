#include <sallyport/filter.h>

#include <endian.h>
#include <errno.h>
#include <seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/seccomp.h>

/* On x86_64 the numbers of the x32 ABI, which has the same architecture. */
#define X32_BIT 0x40000000u

static void add(struct sp_filter *to, struct sock_filter instruction)
{
	if (to->length == FILTER_INSTRUCTIONS)
		to->full = true;
	else
		to->code[to->length++] = instruction;
}

static void load(struct sp_filter *to, size_t offset)
{
	add(to, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void end(struct sp_filter *to, uint32_t action)
{
	add(to, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* What is loaded compared with a value; otherwise so many instructions are left out. */
static void require(
    struct sp_filter *to, uint16_t comparison, uint32_t value, size_t skip)
{
	add(to, (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_K | comparison, value, 0, (uint8_t)skip));
}

void sp_filter_begin(struct sp_filter *to)
{
	to->length = 0;
	to->full = false;
	load(to, offsetof(struct seccomp_data, arch));
	add(to, (struct sock_filter)BPF_JUMP(
		    BPF_JMP | BPF_K | BPF_JEQ, seccomp_arch_native(), 1, 0));
	end(to, SECCOMP_RET_KILL_PROCESS);
	load(to, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
	/* -1 is what a tracer makes of a call that it leaves out. */
	require(to, BPF_JGE, X32_BIT, 2);
	add(to,
	    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_K | BPF_JEQ, UINT32_MAX, 1, 0));
	end(to, SECCOMP_RET_KILL_PROCESS);
#endif
}

void sp_filter_calls(
    struct sp_filter *to, uint32_t action, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (calls[i] < 0)
			continue;
		require(to, BPF_JEQ, (uint32_t)calls[i], 1);
		end(to, action);
	}
}

void sp_filter_argument(struct sp_filter *to, uint32_t action, int call,
    unsigned argument, const uint32_t *values, size_t count)
{
	size_t low = offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);
	size_t high = low + sizeof(uint32_t);

	if (call < 0)
		return;
	if (__BYTE_ORDER == __BIG_ENDIAN) {
		low = high;
		high = low - sizeof(uint32_t);
	}
	/* Two loads, the upper half, each value, and the end. */
	require(to, BPF_JEQ, (uint32_t)call, 4 + 2 * count);
	load(to, high);
	require(to, BPF_JEQ, 0, 1 + 2 * count);
	load(to, low);
	for (size_t i = 0; i < count; i++) {
		require(to, BPF_JEQ, values[i], 1);
		end(to, SECCOMP_RET_ALLOW);
	}
	end(to, action);
}

void sp_filter_without(struct sp_filter *to, int call, unsigned argument, uint32_t bits)
{
	size_t low = offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);

	if (call < 0)
		return;
	if (__BYTE_ORDER == __BIG_ENDIAN)
		low += sizeof(uint32_t);
	require(to, BPF_JEQ, (uint32_t)call, 4);
	load(to, low);
	add(to, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_K | BPF_JSET, bits, 1, 0));
	end(to, SECCOMP_RET_ALLOW);
	load(to, offsetof(struct seccomp_data, nr));
}

bool sp_filter_enter(struct sp_filter *filter, uint32_t action)
{
	struct sock_fprog program = { .filter = filter->code };

	end(filter, action);
	program.len = filter->length;
	if (filter->full) {
		errno = E2BIG;
		return false;
	}
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}
