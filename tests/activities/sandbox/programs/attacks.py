"""Attacks that a single step decides. Each must raise (or answer HARMLESS); the query names the targets as
JSON.
"""

import ctypes
import errno
import fcntl
import mmap
import multiprocessing
import resource
import signal
import socket
import subprocess

from utils import *

HARMLESS = 'harmless'
ATTACKS = []
LIBC = ctypes.CDLL(None, use_errno=True)
X86 = os.uname().machine == 'x86_64'


def attack(function):
    ATTACKS.append(function)
    return function


def call(x86_64, aarch64, *arguments):
    """A raw system call; raises what it answered."""
    padded = [ctypes.c_long(a) if isinstance(a, int) else a for a in (*arguments, 0, 0, 0, 0, 0, 0)[:6]]
    result = LIBC.syscall(ctypes.c_long(x86_64 if X86 else aarch64), *padded)
    if result == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def denied(x86_64, aarch64, *arguments):
    """Must be refused by the sandbox itself, not for want of a sensible argument."""
    try:
        call(x86_64, aarch64, *arguments)
    except OSError as error:
        if error.errno in (errno.EPERM, errno.ENOSYS, errno.EACCES):
            raise
        return f'reached the kernel: {error}'


# --- files


@attack
def find_open_descriptors(target):
    """First, for later attacks leave some of their own."""
    found = []
    for descriptor in range(4, 2048):
        try:
            os.fstat(descriptor)
        except OSError:
            continue
        found.append(descriptor)
    return found or HARMLESS


@attack
def read_etc_passwd(target):
    return open('/etc/passwd').read()


@attack
def read_etc_shadow(target):
    return open('/etc/shadow').read()


@attack
def read_canary(target):
    return open(target['canary']).read()


@attack
def read_canary_by_relative_path(target):
    return open('../' * 12 + target['canary'].lstrip('/')).read()


@attack
def write_canary(target):
    open(target['canary'], 'w').write('owned')


@attack
def truncate_canary(target):
    os.truncate(target['canary'], 0)


@attack
def delete_canary(target):
    os.unlink(target['canary'])


@attack
def rename_canary(target):
    os.rename(target['canary'], target['canary'] + '.moved')


@attack
def create_beside_canary(target):
    open(os.path.join(os.path.dirname(target['canary']), 'new'), 'w').write('owned')


@attack
def list_canary_directory(target):
    return os.listdir(os.path.dirname(target['canary']))


@attack
def list_root(target):
    return os.listdir('/')


@attack
def list_home(target):
    return os.listdir('/root') or os.listdir('/home')


@attack
def read_guest_source(target):
    return open('/guest/zygote.py').read()


@attack
def write_standard_library(target):
    open(os.__file__, 'a').write('# owned')


@attack
def read_own_environment_file(target):
    return open('/proc/self/environ').read()


@attack
def read_environment_of_process_1(target):
    return open('/proc/1/environ').read()


@attack
def read_environment_of_zygote(target):
    return open(f'/proc/{target["zygote"]}/environ').read()


@attack
def read_memory_map(target):
    return open('/proc/self/maps').read()


@attack
def write_own_memory_file(target):
    open('/proc/self/mem', 'r+b')


@attack
def write_memory_of_worker(target):
    open(f'/proc/{target["pid"]}/mem', 'r+b')


@attack
def list_processes(target):
    return os.listdir('/proc')


@attack
def list_own_descriptors(target):
    return os.listdir('/proc/self/fd')


@attack
def list_sys(target):
    return os.listdir('/sys')


@attack
def read_kernel_log(target):
    return open('/dev/kmsg').read(1)


@attack
def open_terminal(target):
    return open('/dev/tty')


@attack
def write_shared_memory(target):
    open('/dev/shm/owned', 'w').write('owned')


@attack
def write_null_as_log(target):
    open('/dev/random', 'w').write('owned')


@attack
def make_symlink(target):
    os.symlink('/etc/passwd', 'link')


@attack
def make_hard_link(target):
    os.link(target['canary'], 'link')


@attack
def make_device(target):
    os.mknod('device', 0o666 | 0o020000, os.makedev(1, 1))


@attack
def make_fifo(target):
    os.mkfifo('fifo')


@attack
def change_mode(target):
    os.chmod(target['canary'], 0o777)


@attack
def change_owner(target):
    os.chown(target['canary'], os.getuid(), os.getgid())


@attack
def change_times(target):
    os.utime(target['canary'], (0, 0))


@attack
def make_memory_file(target):
    os.memfd_create('code')


@attack
def read_secret_of_neighbour(target):
    """Another program, running now, wrote a file where its own /tmp is."""
    return open('/tmp/neighbour').read()


@attack
def inherit_environment(target):
    foreign = set(os.environ) - {
        'PYTHONHASHSEED',
        'MALLOC_ARENA_MAX',
        'OPENBLAS_NUM_THREADS',
        'OMP_NUM_THREADS',
        'LANG',
        'TZ',
    }
    foreign -= {'HOME', 'LD_LIBRARY_PATH', 'PWD', 'LC_CTYPE'}
    return sorted(foreign) or HARMLESS


@attack
def find_secret_in_memory(target):
    """The worker has this in its environment; no object of this process may hold it."""
    import gc

    secret = target['secret'][::-1]
    found = [
        value for value in gc.get_objects() if isinstance(value, dict) and secret in map(str, value.values())
    ]
    return found or HARMLESS


# --- network


@attack
def connect_to_host(target):
    socket.create_connection(('127.0.0.1', target['port']), timeout=2)


@attack
def connect_to_internet(target):
    socket.create_connection(('1.1.1.1', 53), timeout=2)


@attack
def resolve_a_name(target):
    return socket.getaddrinfo('example.org', 80)


@attack
def make_udp_socket(target):
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


@attack
def make_raw_socket(target):
    socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)


@attack
def make_netlink_socket(target):
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)


@attack
def connect_to_abstract_socket(target):
    socket.socket(socket.AF_UNIX).connect('\0' + target['abstract'])


@attack
def make_socket_pair(target):
    socket.socketpair()


@attack
def listen(target):
    socket.create_server(('127.0.0.1', 0))


@attack
def raw_socket_call(target):
    return denied(41, 198, 2, 1, 0)


@attack
def send_descriptors_over_control_socket(target):
    return denied(46, 211, 3, 0, 0)


@attack
def shut_down_control_socket(target):
    return denied(48, 210, 3, 2)


@attack
def accept_on_inherited_listener(target):
    os.fstat(10)


# --- processes


@attack
def fork(target):
    if os.fork() == 0:
        os._exit(0)


@attack
def vfork(target):
    return denied(58, 9999) if X86 else os.fork()


@attack
def clone_a_process(target):
    return denied(56, 220, int(signal.SIGCHLD))


@attack
def clone_into_namespaces(target):
    return denied(56, 220, 0x10000000 | int(signal.SIGCHLD))


@attack
def clone3(target):
    return denied(435, 435, 0, 0)


@attack
def run_shell(target):
    os.system('true') == 0 or os.execv('/bin/sh', ['sh'])


@attack
def run_subprocess(target):
    subprocess.run(['true'], check=True)


@attack
def run_python(target):
    os.execv(sys.executable or '/usr/bin/python3', ['python3', '-c', 'pass'])


@attack
def spawn(target):
    os.posix_spawn('/bin/true', ['true'], {})


@attack
def start_multiprocessing(target):
    process = multiprocessing.Process(target=print)
    process.start()


@attack
def execveat(target):
    return denied(322, 281, 3, b'', 0, 0, 0x1000)


# --- signals and other processes


@attack
def kill_worker(target):
    os.kill(target['pid'], signal.SIGTERM)


@attack
def kill_parent(target):
    parent = os.getppid()
    os.kill(parent if parent > 0 else target['zygote'], signal.SIGKILL)


@attack
def kill_zygote(target):
    os.kill(target['zygote'], signal.SIGKILL)


@attack
def kill_group(target):
    os.kill(0, signal.SIGTERM)


@attack
def kill_all(target):
    os.kill(-1, signal.SIGKILL)


@attack
def tgkill_parent(target):
    return denied(234, 131, os.getppid() or 2, os.getppid() or 2, 0)


@attack
def tkill(target):
    return denied(200, 130, 2, 0)


@attack
def queue_a_signal(target):
    return denied(129, 138, target['pid'], 10, ctypes.create_string_buffer(128))


@attack
def open_a_pidfd(target):
    return denied(434, 434, os.getppid() or 1, 0)


@attack
def send_by_pidfd(target):
    return denied(424, 424, 3, 0, 0, 0)


@attack
def steal_a_descriptor(target):
    return denied(438, 438, 3, 0, 0)


@attack
def ptrace_parent(target):
    return denied(101, 117, 16, os.getppid() or 2)


@attack
def ptrace_me(target):
    return denied(101, 117, 0)


@attack
def read_memory_of_worker(target):
    return denied(310, 270, target['pid'], 0, 0, 0, 0, 0)


@attack
def write_memory_of_parent(target):
    return denied(311, 271, os.getppid() or 2, 0, 0, 0, 0, 0)


@attack
def compare_with_parent(target):
    return denied(312, 272, os.getpid(), os.getppid() or 2, 0, 3, 3)


@attack
def change_priority_of_others(target):
    return denied(141, 140, 1, 0, -20)


@attack
def pin_other_process(target):
    return denied(203, 122, os.getppid() or 2, 8, b'\xff' * 8)


# --- privileges and namespaces


@attack
def become_root(target):
    os.setuid(0)


@attack
def regain_capabilities(target):
    return denied(126, 91, 0, 0)


@attack
def unshare_user(target):
    return denied(272, 97, 0x10000000)


@attack
def unshare_network(target):
    return denied(272, 97, 0x40000000)


@attack
def enter_namespace(target):
    return denied(308, 268, 3, 0)


@attack
def mount_proc(target):
    return denied(165, 40, b'proc', b'/tmp', b'proc', 0, 0)


@attack
def unmount_proc(target):
    return denied(166, 39, b'/proc', 2)


@attack
def new_mount_api(target):
    return denied(430, 430, b'tmpfs', 0)


@attack
def change_root(target):
    os.chroot('/tmp')


@attack
def pivot_root(target):
    return denied(155, 41, b'/tmp', b'/tmp')


@attack
def set_host_name(target):
    return denied(170, 161, b'owned', 5)


@attack
def set_the_clock(target):
    time.clock_settime(time.CLOCK_REALTIME, 0)


@attack
def unset_dumpable(target):
    return denied(157, 167, 4, 1)


@attack
def clear_death_signal(target):
    return denied(157, 167, 1, 0)


@attack
def install_seccomp_listener(target):
    return denied(317, 277, 1, 8, 0)


@attack
def change_personality(target):
    return denied(135, 92, 0)


# --- limits


@attack
def raise_memory_limit(target):
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


@attack
def raise_cpu_limit(target):
    resource.setrlimit(resource.RLIMIT_CPU, (3600, 3600))


@attack
def raise_file_limit(target):
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 40, 1 << 40))


@attack
def raise_descriptor_limit(target):
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))


@attack
def raise_process_limit(target):
    resource.setrlimit(resource.RLIMIT_NPROC, (1 << 20, 1 << 20))


@attack
def change_limits_of_parent(target):
    resource.prlimit(os.getppid() or target['zygote'], resource.RLIMIT_CPU, (0, 0))


@attack
def lock_memory(target):
    return denied(149, 228, 0, 4096)


@attack
def open_too_many_files(target):
    copies = []
    try:
        for _ in range(80):
            copies.append(os.dup(3))
    finally:
        for copy in copies:
            os.close(copy)
    return len(copies)


# --- descriptors


@attack
def own_control_socket(target):
    fcntl.fcntl(3, fcntl.F_SETOWN, target['pid'])


@attack
def choose_signal_of_control_socket(target):
    fcntl.fcntl(3, fcntl.F_SETSIG, signal.SIGKILL)


@attack
def make_control_socket_asynchronous(target):
    fcntl.fcntl(3, fcntl.F_SETFL, os.O_ASYNC)


@attack
def lock_control_socket(target):
    fcntl.flock(3, fcntl.LOCK_EX)


@attack
def lease_control_socket(target):
    fcntl.fcntl(3, fcntl.F_SETLEASE, fcntl.F_WRLCK)


@attack
def list_network_devices(target):
    return fcntl.ioctl(3, 0x8912, b'\0' * 16)


@attack
def own_control_socket_by_ioctl(target):
    return fcntl.ioctl(3, 0x8901, struct_of_pid(target['pid']))


@attack
def make_control_socket_asynchronous_by_ioctl(target):
    return fcntl.ioctl(3, 0x5452, b'\1\0\0\0')


@attack
def push_terminal_input(target):
    return fcntl.ioctl(0, 0x5412, b'x')


@attack
def write_to_standard_output_of_worker(target):
    """Descriptors 0 to 2 lead nowhere."""
    return (
        HARMLESS
        if all(os.fstat(number).st_rdev == os.makedev(1, 3) for number in (0, 1, 2))
        else 'a real output'
    )


def struct_of_pid(pid):
    return pid.to_bytes(4, 'little')


# --- kernel doors


@attack
def bpf(target):
    return denied(321, 280, 0, 0, 0)


@attack
def io_uring(target):
    return denied(425, 425, 1, 0)


@attack
def keyctl(target):
    return denied(250, 219, 0, 0)


@attack
def add_key(target):
    return denied(248, 217, b'user', b'k', b'v', 1, -3)


@attack
def performance_events(target):
    return denied(298, 241, 0, 0, -1, -1, 0)


@attack
def userfaultfd(target):
    return denied(323, 282, 0)


@attack
def load_module(target):
    return denied(175, 105, 0, 0, b'')


@attack
def reboot(target):
    return denied(169, 142, 0, 0, 0)


@attack
def kernel_log_by_call(target):
    return denied(103, 116, 3, 0, 0)


@attack
def swap_on(target):
    return denied(167, 224, b'/tmp', 0)


@attack
def fanotify(target):
    return denied(300, 262, 0, 0)


@attack
def open_by_handle(target):
    return denied(304, 265, -100, 0, 0)


@attack
def shared_memory_segment(target):
    return denied(29, 194, 1234, 4096, 0o1600)


@attack
def message_queue(target):
    return denied(68, 186, 1234, 0o1600)


@attack
def posix_message_queue(target):
    return denied(240, 180, b'q', 0o100, 0o600, 0)


@attack
def copy_into_control_socket(target):
    return denied(275, 76, 3, 0, 3, 0, 1, 0)


@attack
def send_file(target):
    return denied(40, 71, 3, 0, 0, 10)


class MAS:
    def __init__(self, model_list):
        pass

    def forward(self, taskInfo):
        target = json.loads(taskInfo)
        results = {}
        for function in ATTACKS:
            try:
                value = function(target)
                results[function.__name__] = (
                    'denied: harmless' if value == HARMLESS else f'BROKE OUT: {value!r}'[:200]
                )
            except BaseException as error:
                results[function.__name__] = f'denied: {type(error).__name__}: {error}'[:200]
        return json.dumps(results)
