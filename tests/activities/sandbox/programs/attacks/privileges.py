# --- users and capabilities


@attack
def become_another_user(target):
    actions = {}
    for user in (0, 1, 1000, 65533):
        actions |= {
            f'setuid {user}': lambda user=user: os.setuid(user),
            f'setgid {user}': lambda user=user: os.setgid(user),
            f'setresuid {user}': lambda user=user: os.setresuid(user, user, user),
            f'setfsuid {user}': lambda user=user: denied('setfsuid', user),
        }
    return all_fail(actions | {'setgroups': lambda: os.setgroups([0])})


@attack
def be_root(target):
    return 'root' if 0 in (os.getuid(), os.geteuid(), os.getgid(), os.getegid()) else HARMLESS


@attack
def regain_capabilities(target):
    header = ctypes.create_string_buffer(struct.pack('=Ii', 0x20080522, 0))
    return all_fail(
        {
            'set': lambda: denied('capset', header, b'\xff' * 24),
            'read': lambda: denied('capget', header, ctypes.create_string_buffer(24)),
        }
    )


@attack
def change_own_process_settings(target):
    """Every option of prctl, among them: dumpable, death signal, keep capabilities, tracer, subreaper, memory map."""
    options = [*range(1, 81), 0x53564D41, 0x59616D61]
    return all_fail({str(o): lambda o=o: denied('prctl', o, 1, 0, 0, 0) for o in options})


@attack
def change_architecture_settings(target):
    names = 'arch_prctl personality modify_ldt set_thread_area iopl ioperm'.split()
    return all_fail({name: lambda name=name: denied(name, 0x1002, 0, 0) for name in names})


# --- namespaces, mounts, roots


@attack
def unshare_namespaces(target):
    flags = (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000, 0x4000000, 0x2000000, 0x80, 0x400, 0x200)
    return all_fail({hex(flag): lambda flag=flag: denied('unshare', flag) for flag in flags})


@attack
def enter_namespaces(target):
    return all_fail(
        {
            'by descriptor': lambda: denied('setns', 3, 0),
            'of the worker': lambda: open(f'/proc/{target["pid"]}/ns/mnt').fileno(),
            'of process 1': lambda: open('/proc/1/ns/user').fileno(),
        }
    )


@attack
def mount(target):
    names = (
        'fsopen fsconfig fsmount fspick open_tree move_mount mount_setattr open_tree_attr statmount listmount'
    )
    actions = {name: lambda name=name: denied(name, 0, 0, 0, 0, 0) for name in names.split()}
    return all_fail(
        actions
        | {
            'proc': lambda: denied('mount', b'proc', b'/tmp', b'proc', 0, 0),
            'bind': lambda: denied('mount', b'/', b'/tmp', 0, 4096, 0),
            'unmount /proc': lambda: denied('umount2', b'/proc', 2),
            'unmount /tmp': lambda: denied('umount2', b'/tmp', 2),
        }
    )


@attack
def change_root(target):
    return all_fail(
        {
            'chroot': lambda: os.chroot('/tmp'),
            'pivot_root': lambda: denied('pivot_root', b'/tmp', b'/tmp'),
            'leave by handle': lambda: denied('fchdir', 3),
        }
    )


# --- a second, weaker confinement over the first


@attack
def replace_the_filter(target):
    program = ctypes.create_string_buffer(struct.pack('=HBBI', 6, 0, 0, 0x7FFF0000))
    header = ctypes.create_string_buffer(struct.pack('@HP', 1, ctypes.addressof(program)))
    return all_fail(
        {
            'allow all': lambda: denied('seccomp', 1, 0, header),
            'with a listener': lambda: denied('seccomp', 1, 8, header),
            'strict mode': lambda: denied('seccomp', 0, 0, 0),
            'by prctl': lambda: denied('prctl', 22, 2, header),
            'own dispatch': lambda: denied('prctl', 59, 1, 0, 0, 0),
        }
    )


@attack
def replace_landlock(target):
    names = (
        'landlock_create_ruleset landlock_add_rule landlock_restrict_self lsm_set_self_attr lsm_get_self_attr'
    )
    return all_fail({name: lambda name=name: denied(name, 0, 0, 1, 0) for name in names.split()})


# --- limits


@attack
def raise_limits(target):
    """Every limit beyond its hard value."""
    actions = {}
    for name in [name for name in dir(resource) if name.startswith('RLIMIT_')]:
        kind = getattr(resource, name)
        soft, hard = resource.getrlimit(kind)
        if hard == resource.RLIM_INFINITY:
            continue
        actions[name] = lambda kind=kind, hard=hard: raised(kind, hard + 1)
        actions[f'{name} without end'] = lambda kind=kind: raised(kind, resource.RLIM_INFINITY)
    assert len(actions) >= 14, f'only {len(actions)} limits are set'
    return all_fail(actions)


def raised(kind, value):
    try:
        resource.setrlimit(kind, (value, value))
    except ValueError as error:  # so Python puts it
        raise Denied(str(error)) from None
    return resource.getrlimit(kind)


@attack
def have_a_generous_limit(target):
    limits = {
        'CORE': 0,
        'AS': 2 << 30,
        'FSIZE': 16 << 20,
        'NOFILE': 64,
        'NPROC': 4096,
        'MEMLOCK': 0,
        'MSGQUEUE': 0,
        'CPU': 200,
    }
    hard = {name: resource.getrlimit(getattr(resource, f'RLIMIT_{name}'))[1] for name in limits}
    # unlimited is -1
    return {name: value for name, value in hard.items() if not 0 <= value <= limits[name]} or HARMLESS


@attack
def set_limits_by_the_old_call(target):
    return denied('setrlimit', 9, b'\xff' * 16)


@attack
def lock_memory(target):
    return all_fail(
        {
            'mlock': lambda: denied('mlock', 0, 4096),
            'mlock2': lambda: denied('mlock2', 0, 4096, 0),
            'mlockall': lambda: denied('mlockall', 3),
            'locked mapping': lambda: mmap.mmap(
                -1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x2000
            ),
        }
    )


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


@attack
def duplicate_beyond_the_limit(target):
    return all_fail(
        {
            'dup2': lambda: os.dup2(3, 64),
            'F_DUPFD': lambda: fcntl.fcntl(3, fcntl.F_DUPFD, 64),
            'F_DUPFD_CLOEXEC': lambda: fcntl.fcntl(3, fcntl.F_DUPFD_CLOEXEC, 1 << 20),
        }
    )


@attack
def map_beyond_the_limit(target):
    return all_fail(
        {
            'anonymous': lambda: mmap.mmap(-1, 4 << 30),
            'not reserved': lambda: mmap.mmap(
                -1, 4 << 30, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000
            ),
            'shared': lambda: mmap.mmap(-1, 4 << 30, flags=mmap.MAP_SHARED),
            'sparse file': lambda: os.ftruncate(os.open('/tmp/sparse', os.O_CREAT | os.O_RDWR), 1 << 40),
        }
    )
