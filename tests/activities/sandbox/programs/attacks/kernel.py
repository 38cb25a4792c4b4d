# --- descriptors


@attack
def find_open_descriptors(target):
    found = []
    for descriptor in (*range(0, 3), *range(4, 4096)):
        try:
            kind = os.fstat(descriptor)
        except OSError:
            continue
        if descriptor > 2 or kind.st_rdev != os.makedev(1, 3):
            found.append(descriptor)
    return found or HARMLESS


@attack
def use_descriptors_of_zygote(target):
    """The listener, its control socket, the null device and the wake pipe, where a leak would leave them."""
    actions = {}
    for number in range(4, 20):
        actions[f'read {number}'] = lambda number=number: os.read(number, 1)
        actions[f'write {number}'] = lambda number=number: os.write(number, b'{"exit":[[1,0,0,0]]}\n')
        actions[f'accept {number}'] = lambda number=number: denied('accept', number, 0, 0)
    return all_fail(actions)


@attack
def command_the_control_socket(target):
    """Every command of fcntl but the five that only look at a descriptor or copy it."""
    allowed = (fcntl.F_DUPFD, fcntl.F_GETFD, fcntl.F_SETFD, fcntl.F_GETFL, fcntl.F_DUPFD_CLOEXEC)
    commands = [c for c in (*range(0, 64), *range(1024, 1060)) if c not in allowed]
    return all_fail({str(c): lambda c=c: denied('fcntl', 3, c, target['pid']) for c in commands})


@attack
def own_the_signals_of_control_socket(target):
    pid = target['pid']
    return all_fail(
        {
            'F_SETOWN': lambda: fcntl.fcntl(3, fcntl.F_SETOWN, pid),
            'F_SETOWN_EX': lambda: fcntl.fcntl(3, 15, struct.pack('ii', 1, pid)),
            'F_SETSIG': lambda: fcntl.fcntl(3, fcntl.F_SETSIG, signal.SIGKILL),
            'O_ASYNC': lambda: fcntl.fcntl(3, fcntl.F_SETFL, os.O_ASYNC),
            'FIOASYNC': lambda: fcntl.ioctl(3, 0x5452, b'\1\0\0\0'),
            'FIOSETOWN': lambda: fcntl.ioctl(3, 0x8901, struct.pack('i', pid)),
            'SIOCSPGRP': lambda: fcntl.ioctl(3, 0x8902, struct.pack('i', pid)),
            'O_ASYNC of a pipe': lambda: fcntl.fcntl(os.pipe()[0], fcntl.F_SETFL, os.O_ASYNC),
        }
    )


@attack
def ask_control_socket_for_network(target):
    """It was made in the host's network namespace."""
    commands = {
        'interfaces': 0x8912,
        'flags': 0x8913,
        'address': 0x8915,
        'hardware': 0x8927,
        'statistics': 0x8946,
        'routes': 0x890B,
        'wireless': 0x8B01,
        'bridge': 0x8940,
        'socket file': 0x89E0,
        'time stamp': 0x8906,
    }
    return all_fail({name: lambda c=c: fcntl.ioctl(3, c, bytes(40)) for name, c in commands.items()})


@attack
def control_devices(target):
    null = os.open('/dev/null', os.O_RDWR)
    commands = {
        'TIOCSTI': 0x5412,
        'TIOCLINUX': 0x541C,
        'TIOCSCTTY': 0x540E,
        'TIOCCONS': 0x541D,
        'FIONBIO': 0x5421,
        'FS_IOC_GETFLAGS': 0x80086601,
        'FICLONE': 0x40049409,
        'FIFREEZE': 0xC0045877,
        'NS_GET_PARENT': 0xB702,
        'KVM_CREATE_VM': 0xAE01,
        'TUNSETIFF': 0x400454CA,
        'IOC_WATCH_QUEUE_SET_SIZE': 0x5760,
    }
    return all_fail(
        {
            f'{name} {fd}': lambda c=c, fd=fd: denied('ioctl', fd, c, bytes(64))
            for name, c in commands.items()
            for fd in (0, 3, null)
        }
    )


@attack
def make_kernel_objects(target):
    """Queues, segments, timers and rings that would outlive the program, or are rarely tested doors."""
    names = (
        'shmget shmat shmctl shmdt semget semop semctl msgget msgsnd msgrcv msgctl mq_open mq_unlink mq_timedsend '
        'timerfd_create timer_create timer_settime signalfd4 inotify_init1 fanotify_init epoll_pwait2 eventfd '
        'io_setup io_submit io_destroy io_uring_setup io_uring_enter io_uring_register userfaultfd memfd_create '
        'memfd_secret bpf perf_event_open keyctl add_key request_key pkey_alloc pkey_mprotect remap_file_pages '
        'msync mincore mbind set_mempolicy get_mempolicy membarrier futex_waitv futex_wake futex_wait futex_requeue '
        'map_shadow_stack mseal process_madvise lookup_dcookie open_by_handle_at name_to_handle_at'
    )
    return all_fail({name: lambda name=name: denied(name, 0, 0, 0, 0, 0) for name in names.split()})


@attack
def make_a_queue_of_notifications(target):
    """pipe2 with O_EXCL makes a watch queue of the kernel."""
    return denied('pipe2', ctypes.create_string_buffer(8), 0x80)


@attack
def use_futexes_with_priorities(target):
    word = ctypes.create_string_buffer(8)
    return all_fail(
        {str(o): lambda o=o: denied('futex', word, o, 1, 0, 0, 0) for o in (6, 7, 8, 11, 12, 13, 134)}
    )


@attack
def advise_on_memory(target):
    """Merging with equal pages of others, pushing out shared ones, poisoning."""
    page = mmap.mmap(-1, 4096)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return all_fail(
        {str(a): lambda a=a: denied('madvise', address, 4096, a) for a in (9, 12, 20, 21, 22, 25, 100, 101)}
    )


@attack
def rule_the_machine(target):
    names = (
        'reboot kexec_load kexec_file_load init_module finit_module delete_module swapon swapoff acct syslog '
        'settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname quotactl quotactl_fd vhangup '
        'sync syncfs iopl ioperm nfsservctl uselib sysfs ustat'
    )
    return all_fail({name: lambda name=name: denied(name, 0, 0, 0, 0, 0) for name in names.split()})


@attack
def set_the_clock(target):
    time.clock_settime(time.CLOCK_REALTIME, 0)


@attack
def learn_about_the_host(target):
    return all_fail(
        {
            'uname': lambda: denied('uname', ctypes.create_string_buffer(400)),
            'sysinfo': lambda: denied('sysinfo', ctypes.create_string_buffer(200)),
            'load': os.getloadavg,
            'host name': lambda: (
                HARMLESS if os.uname().nodename == socket.gethostname() == 'sandbox' else os.uname()
            ),
            'disks': lambda: os.statvfs('/tmp'),
            'login': os.getlogin,
            'terminal': lambda: os.ttyname(0),
            'processor': lambda: denied('getcpu', ctypes.create_string_buffer(8), 0, 0),
        }
    )


@attack
def push_terminal_input(target):
    return fcntl.ioctl(0, 0x5412, b'x')


@attack
def raw_calls_of_another_table(target):
    """Numbers that no kernel names yet."""
    return all_fail(
        {
            str(n): lambda n=n: HARMLESS if LIBC.syscall(ctypes.c_long(n), 0) == -1 else 'worked'
            for n in range(480, 1100)
        }
    )
