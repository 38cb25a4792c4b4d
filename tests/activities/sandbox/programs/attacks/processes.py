# --- new processes


@attack
def fork(target):
    if os.fork() == 0:
        os._exit(0)


@attack
def fork_with_a_terminal(target):
    if os.forkpty()[0] == 0:
        os._exit(0)


@attack
def fork_by_the_c_library(target):
    LIBC.fork.restype = ctypes.c_int
    process = LIBC.fork()
    if process == 0:
        os._exit(0)
    if process < 0:
        raise OSError(ctypes.get_errno(), 'fork')
    return process


@attack
def fork_by_machine_code(target):
    if 'fork' not in NUMBERS:
        return machine_code('clone', int(signal.SIGCHLD), 0, 0, 0, 0)
    if machine_code('fork') == 0:
        os._exit(0)
    return 'forked'


@attack
def clone_a_process(target):
    """Each flag beside those of a thread, and each of those left out."""
    thread = 0x3D0F00
    extra = [1 << bit for bit in range(32) if not thread & 1 << bit]
    missing = [1 << bit for bit in range(32) if thread & 1 << bit]
    flags = [
        0,
        int(signal.SIGCHLD),
        0x4111,
        *(thread | bit for bit in extra),
        *(thread & ~bit for bit in missing),
    ]
    return all_fail({hex(f): lambda f=f: denied('clone', f, 0, 0, 0, 0) for f in flags})


@attack
def clone3(target):
    return denied('clone3', bytes(88), 88)


@attack
def vfork(target):
    return denied('vfork')


@attack
def run_shell(target):
    os.system('true') == 0 or os.execv('/bin/sh', ['sh'])


@attack
def run_subprocess(target):
    return all_fail(
        {
            'run': lambda: subprocess.run(['true'], check=True),
            'shell': lambda: subprocess.run('true', shell=True, check=True),
            'popen': lambda: os.popen('true').read(),
            'check_output': lambda: subprocess.check_output([sys.executable or 'python3', '-c', '1']),
        }
    )


@attack
def execute(target):
    python = sys.executable or '/usr/bin/python3'
    return all_fail(
        {
            'python': lambda: os.execv(python, ['python3', '-c', 'pass']),
            'itself': lambda: os.execv('/proc/self/exe', ['x']),
            'loader': lambda: os.execv('/lib64/ld-linux-x86-64.so.2', ['ld.so', python]),
            'descriptor': lambda: os.execve(os.open(os.__file__, os.O_RDONLY), ['x'], {}),
            'call': lambda: denied('execve', python.encode(), 0, 0),
            'machine code': lambda: machine_code('execve', 0, 0, 0),
            'execveat': lambda: denied('execveat', 3, b'', 0, 0, 0x1000),
            'spawn': lambda: os.posix_spawn('/bin/true', ['true'], {}),
        }
    )


@attack
def start_multiprocessing(target):
    def run(method):
        context = multiprocessing.get_context(method)
        process = context.Process(target=print)
        process.start()

    return all_fail({m: lambda m=m: run(m) for m in ('fork', 'spawn', 'forkserver')})


@attack
def start_process_pool(target):
    return ProcessPool(1).submit(len, 'x').result(timeout=5)


def ProcessPool(size):
    return importlib.import_module('concurrent.futures.process').ProcessPoolExecutor(size)


@attack
def start_asyncio_process(target):
    return asyncio.run(asyncio.create_subprocess_exec('true'))


@attack
def wait_for_children_of_others(target):
    return all_fail(
        {
            'wait': os.wait,
            'wait4': lambda: denied('wait4', -1, 0, 1, 0),
            'waitid': lambda: denied('waitid', 0, 0, 0, 5, 0),
        }
    )


# --- signals


@attack
def kill_others(target):
    who = {'worker': target['pid'], 'zygote': target['zygote'], 'parent': os.getppid() or target['zygote']}
    who |= {'group': 0, 'all': -1, 'init of the level': 1 if os.getpid() != 1 else 2}
    numbers = (0, signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP, signal.SIGIO)
    return all_fail({f'{w} {n}': lambda p=p, n=n: os.kill(p, n) for w, p in who.items() for n in numbers})


@attack
def kill_group_of_worker(target):
    return all_fail(
        {
            'killpg': lambda: os.killpg(target['pid'], signal.SIGTERM),
            'negative': lambda: os.kill(-target['pid'], signal.SIGTERM),
            'own group': lambda: os.kill(-os.getpid(), signal.SIGTERM),
        }
    )


@attack
def signal_neighbours(target):
    """Process ids near its own: other programs, the zygote."""
    near = [os.getpid() + step for step in range(-40, 41) if step and os.getpid() + step > 0]
    return all_fail({str(pid): lambda pid=pid: os.kill(pid, signal.SIGKILL) for pid in near})


@attack
def signal_by_other_calls(target):
    info, pid, zygote = ctypes.create_string_buffer(128), target['pid'], target['zygote']
    return all_fail(
        {
            'tkill': lambda: denied('tkill', zygote, 9),
            'tgkill': lambda: denied('tgkill', zygote, zygote, 9),
            'tgkill of all': lambda: denied('tgkill', -1, zygote, 9),
            'queue': lambda: denied('rt_sigqueueinfo', pid, 10, info),
            'queue to a thread': lambda: denied('rt_tgsigqueueinfo', pid, pid, 10, info),
            'pidfd': lambda: denied('pidfd_open', zygote, 0),
            'pidfd signal': lambda: denied('pidfd_send_signal', 3, 9, 0, 0),
            'timer for a thread': lambda: denied('timer_create', 0, info, info),
            'signal descriptor': lambda: denied('signalfd4', -1, info, 8, 0),
            'machine code': lambda: machine_code('kill', zygote, 9),
        }
    )


# --- reaching into others


@attack
def trace_others(target):
    requests = {'trace me': 0, 'attach': 16, 'seize': 0x4206}
    return all_fail(
        {name: lambda r=r: denied('ptrace', r, target['zygote'], 0, 0) for name, r in requests.items()}
    )


@attack
def memory_of_others(target):
    who = {'worker': target['pid'], 'zygote': target['zygote'], 'itself': os.getpid()}
    names = ('process_vm_readv', 'process_vm_writev', 'process_madvise', 'process_mrelease', 'move_pages')
    names += ('migrate_pages', 'kcmp', 'get_robust_list')
    return all_fail(
        {f'{n} {w}': lambda n=n, p=p: denied(n, p, 0, 0, 0, 0, 0) for n in names for w, p in who.items()}
    )


@attack
def steal_descriptors(target):
    return denied('pidfd_getfd', 3, 0, 0)


@attack
def schedule_others(target):
    mask, pid = b'\xff' * 8, target['pid']
    return all_fail(
        {
            'priority of the worker': lambda: os.setpriority(os.PRIO_PROCESS, pid, 19),
            'priority of a user': lambda: os.setpriority(os.PRIO_USER, 0, 19),
            'own priority': lambda: os.nice(-1),
            'affinity of the worker': lambda: denied('sched_setaffinity', pid, 8, mask),
            'own affinity': lambda: os.sched_setaffinity(0, {0}),
            'real time': lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
            'attributes': lambda: denied('sched_setattr', 0, bytes(48), 0),
            'disk priority': lambda: denied('ioprio_set', 1, pid, 0),
            'read priority': lambda: os.getpriority(os.PRIO_PROCESS, pid),
        }
    )


@attack
def change_session(target):
    return all_fail(
        {
            'session': os.setsid,
            'group': lambda: os.setpgid(0, 0),
            'group of the worker': lambda: os.getpgid(target['pid']),
            'session of the worker': lambda: os.getsid(target['pid']),
        }
    )


@attack
def limits_of_others(target):
    who = (1 if os.getpid() != 1 else 2, target['zygote'], target['pid'], os.getppid() or 2)
    kinds = (resource.RLIMIT_CPU, resource.RLIMIT_NOFILE, resource.RLIMIT_AS)
    read = {f'read {w} {k}': lambda w=w, k=k: resource.prlimit(w, k) for w in who for k in kinds}
    write = {f'set {w} {k}': lambda w=w, k=k: resource.prlimit(w, k, (0, 0)) for w in who for k in kinds}
    return all_fail(read | write)
