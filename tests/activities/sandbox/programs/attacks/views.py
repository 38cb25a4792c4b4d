# --- processes as files


@attack
def read_environments(target):
    who = ('self', 'thread-self', '1', '2', target['zygote'], target['pid'], os.getppid())
    return all_fail({str(w): lambda w=w: open(f'/proc/{w}/environ').read() for w in who})


@attack
def read_command_lines(target):
    who = ('self', '1', '2', target['zygote'], target['pid'])
    return all_fail({str(w): lambda w=w: open(f'/proc/{w}/cmdline').read() for w in who})


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
def write_memory_of_zygote(target):
    open(f'/proc/{target["zygote"]}/mem', 'r+b')


@attack
def list_processes(target):
    return os.listdir('/proc')


@attack
def open_descriptors_of_others(target):
    who = (1, 2, target['zygote'], target['pid'])
    return all_fail(
        {f'{w} {n}': lambda w=w, n=n: open(f'/proc/{w}/fd/{n}').read() for w in who for n in range(3, 12)}
    )


@attack
def read_facts_of_the_kernel(target):
    names = (
        'cpuinfo meminfo loadavg stat uptime version mounts kallsyms kcore modules net/tcp net/unix '
        'sys/kernel/core_pattern sys/kernel/hostname sysvipc/shm keys key-users timer_list self/status self/stat '
        'self/mountinfo self/cgroup self/limits self/wchan self/syscall self/pagemap'
    )
    return all_fail({name: lambda name=name: open(f'/proc/{name}', 'rb').read(1) for name in names.split()})


@attack
def write_switches_of_the_kernel(target):
    names = (
        '/proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/vm/drop_caches /proc/self/oom_score_adj '
        '/proc/self/uid_map /proc/self/setgroups /proc/self/comm /proc/self/attr/current /proc/self/clear_refs '
        '/sys/kernel/mm/ksm/run /sys/fs/cgroup/cgroup.procs /sys/power/state'
    )
    return all_fail({name: lambda name=name: open(name, 'w').write('1') for name in names.split()})


# --- devices


@attack
def open_devices(target):
    names = (
        'kmsg mem kmem port tty tty1 console ptmx pts/0 pts/ptmx random zero full fuse kvm net/tun vsock vhost-net '
        'userfaultfd sda vda nvme0n1 loop0 loop-control mapper/control dri/card0 snd/seq input/event0 hpet rtc '
        'rfkill uinput vfio/vfio nvidiactl nvidia0 kfd shm fd/3'
    )
    return all_fail({name: lambda name=name: open(f'/dev/{name}', 'rb').read(1) for name in names.split()})


@attack
def write_devices(target):
    names = 'kmsg mem tty random urandom sda vda zero full ptmx'.split()
    return all_fail({name: lambda name=name: open(f'/dev/{name}', 'wb').write(b'x') for name in names})


@attack
def write_shared_memory(target):
    open('/dev/shm/owned', 'w').write('owned')


@attack
def make_shared_memory_block(target):
    multiprocessing.shared_memory = importlib.import_module('multiprocessing.shared_memory')
    return multiprocessing.shared_memory.SharedMemory(create=True, size=4096).name


# --- what is there at all (metadata)


# leaks at: confined
@attack
def stat_hidden_file(target):
    return os.stat(target['canary']).st_size


# leaks at: confined
@attack
def probe_hidden_file(target):
    return os.access(target['canary'], os.F_OK) or HARMLESS


# leaks at: confined
@attack
def handle_of_hidden_file(target):
    return os.fstat(os.open(target['canary'], os.O_PATH)).st_ino


# leaks at: confined
@attack
def enter_hidden_directory(target):
    os.chdir(os.path.dirname(target['canary']))
    return os.getcwd()


# leaks at: confined
@attack
def stat_worker(target):
    return os.stat(f'/proc/{target["pid"]}').st_ctime


# leaks at: shared, confined
@attack
def stat_zygote(target):
    return os.stat(f'/proc/{target["zygote"]}').st_ctime
