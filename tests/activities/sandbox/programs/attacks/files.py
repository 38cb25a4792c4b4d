# --- files of the host: content


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
def read_canary_by_other_doors(target):
    """Through directories of processes, and relative to a handle that needs no right to be opened."""
    canary = target['canary']
    handle = [None]

    def relative():
        directory = os.open(os.path.dirname(canary), os.O_PATH)
        handle[0] = directory
        return os.open(os.path.basename(canary), os.O_RDONLY, dir_fd=directory)

    return all_fail(
        {
            'root of this process': lambda: open(f'/proc/self/root{canary}').read(),
            'root of process 1': lambda: open(f'/proc/1/root{canary}').read(),
            'root of the worker': lambda: open(f'/proc/{target["pid"]}/root{canary}').read(),
            'working directory of the worker': lambda: os.listdir(f'/proc/{target["pid"]}/cwd'),
            'relative to a path handle': relative,
            'reopening a path handle': lambda: open(f'/proc/self/fd/{handle[0] or 3}').read(),
            'openat2': lambda: denied('openat2', -100, canary.encode(), bytes(24), 24),
            'by handle': lambda: denied('name_to_handle_at', -100, canary.encode(), bytes(200), bytes(8), 0),
            'mapped': lambda: mmap.mmap(os.open(canary, os.O_RDONLY), 0, prot=mmap.PROT_READ)[:],
            'import': lambda: importlib.machinery.SourceFileLoader('canary', canary).get_data(canary),
        }
    )


@attack
def write_canary(target):
    open(target['canary'], 'w').write('owned')


@attack
def append_to_canary(target):
    open(target['canary'], 'a').write('owned')


@attack
def create_by_the_old_call(target):
    return denied('creat', target['canary'].encode(), 0o666)


@attack
def truncate_canary(target):
    os.truncate(target['canary'], 0)


@attack
def truncate_canary_by_opening(target):
    os.close(os.open(target['canary'], os.O_RDONLY | os.O_TRUNC))


@attack
def truncate_by_call(target):
    """Landlock guards it from its third version on only."""
    return denied('truncate', target['canary'].encode(), 0)


@attack
def delete_canary(target):
    os.unlink(target['canary'])


@attack
def rename_canary(target):
    os.rename(target['canary'], target['canary'] + '.moved')


@attack
def exchange_canary(target):
    return call('renameat2', -100, target['canary'].encode(), -100, os.__file__.encode(), 2)


@attack
def create_beside_canary(target):
    open(os.path.join(os.path.dirname(target['canary']), 'new'), 'w').write('owned')


@attack
def create_without_a_name(target):
    return os.open(os.path.dirname(target['canary']), os.O_TMPFILE | os.O_RDWR)


@attack
def make_directory_beside_canary(target):
    os.mkdir(os.path.join(os.path.dirname(target['canary']), 'directory'))


@attack
def remove_directory_of_canary(target):
    shutil = importlib.import_module('shutil')
    shutil.rmtree(os.path.dirname(target['canary']))


@attack
def list_canary_directory(target):
    return os.listdir(os.path.dirname(target['canary']))


@attack
def list_directories(target):
    paths = (
        '/ /root /home /etc /var /run /opt /srv /mnt /media /boot /sys /proc /proc/self/fd /dev/pts'.split()
    )
    return all_fail({path: lambda path=path: os.listdir(path) for path in paths})


@attack
def list_state_of_worker(target):
    return os.listdir(state(target))


@attack
def read_guest_source(target):
    return open('/guest/zygote.py').read()


@attack
def write_standard_library(target):
    open(os.__file__, 'a').write('# owned')


@attack
def plant_a_module(target):
    """In every directory from which the next program could import."""
    places = [path for path in (*sys.path, os.path.dirname(os.__file__), '/guest', state(target)) if path]
    return all_fail({p: lambda p=p: open(os.path.join(p, 'planted.py'), 'w').write('x') for p in places})


@attack
def plant_byte_code(target):
    cache = importlib.util.cache_from_source(os.path.join(os.path.dirname(os.__file__), 'colorsys.py'))
    open(cache, 'wb').write(b'owned')


@attack
def write_memory_mapped_library(target):
    """A private mapping is the program's own; a shared one would be the host's file."""
    handle = os.open(os.__file__, os.O_RDONLY)
    mmap.mmap(handle, 0, flags=mmap.MAP_SHARED, prot=mmap.PROT_READ | mmap.PROT_WRITE)


# --- kinds of files, owners, times


@attack
def make_links(target):
    return all_fail(
        {
            'symbolic': lambda: os.symlink('/etc/passwd', 'link'),
            'hard': lambda: os.link(target['canary'], 'link'),
            'hard to a handle': lambda: denied('linkat', 3, b'', -100, b'/tmp/link', 0x1000),
        }
    )


@attack
def make_special_files(target):
    return all_fail(
        {
            'device': lambda: os.mknod('device', 0o666 | 0o020000, os.makedev(1, 1)),
            'block device': lambda: os.mknod('disk', 0o666 | 0o060000, os.makedev(8, 0)),
            'fifo': lambda: os.mkfifo('fifo'),
            'socket': lambda: os.mknod('socket', 0o666 | 0o140000),
            'fifo beside the canary': lambda: os.mkfifo(target['canary'] + '.fifo'),
        }
    )


@attack
def change_mode(target):
    path = target['canary']
    return all_fail(
        {
            'chmod': lambda: os.chmod(path, 0o777),
            'fchmod': lambda: denied('fchmod', 3, 0o777),
            'fchmodat2': lambda: denied('fchmodat2', -100, path.encode(), 0o777, 0),
        }
    )


@attack
def change_owner(target):
    path = target['canary']
    return all_fail(
        {
            'chown': lambda: os.chown(path, os.getuid(), os.getgid()),
            'fchown': lambda: denied('fchown', 3, 0, 0),
            'lchown': lambda: os.lchown(path, 0, 0),
        }
    )


@attack
def change_times(target):
    path = target['canary']
    return all_fail(
        {
            'utime': lambda: os.utime(path, (0, 0)),
            'utime of a descriptor': lambda: denied('utimensat', 3, 0, 0, 0),
            'utime of the library': lambda: os.utime(os.__file__, (0, 0)),
        }
    )


@attack
def use_attributes(target):
    path = target['canary'].encode()
    return all_fail(
        {
            'set': lambda: os.setxattr(path, 'user.owned', b'1'),
            'get': lambda: os.getxattr(path, 'security.selinux'),
            'list': lambda: os.listxattr(path),
            'of the socket': lambda: denied('fsetxattr', 3, b'user.x', b'1', 1, 0),
        }
    )


@attack
def watch_the_host(target):
    """Who opens which file when."""
    return all_fail(
        {
            'inotify': lambda: denied('inotify_init1', 0),
            'fanotify': lambda: denied('fanotify_init', 0, 0),
            'directory': lambda: fcntl.fcntl(os.open(os.path.dirname(os.__file__), os.O_RDONLY), 1026, 1),
            'lease': lambda: fcntl.fcntl(os.open(os.__file__, os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK),
            'page cache': lambda: denied('mincore', 0, 4096, bytes(1)),
            'page cache by statistics': lambda: denied('cachestat', 3, bytes(16), bytes(40), 0),
            'disk usage': lambda: os.statvfs('/'),
        }
    )


@attack
def lock_a_shared_file(target):
    """Another program that locks the same file would wait."""
    handle = os.open(os.__file__, os.O_RDONLY)
    return all_fail(
        {
            'flock': lambda: fcntl.flock(handle, fcntl.LOCK_EX),
            'lockf': lambda: fcntl.lockf(handle, fcntl.LOCK_SH),
            'ofd lock': lambda: fcntl.fcntl(handle, 37, bytes(32)),
        }
    )


@attack
def run_code_from_tmp(target):
    """A file that the program itself wrote must not become code (no file can be written below `namespaces`)."""
    with open('/tmp/code', 'wb') as file:
        file.write(b'\xc3' * mmap.PAGESIZE)
    with open('/tmp/code', 'rb') as file:
        mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC)


@attack
def make_anonymous_files(target):
    return all_fail(
        {
            'memfd': lambda: os.memfd_create('code'),
            'secret memory': lambda: denied('memfd_secret', 0),
        }
    )


@attack
def read_secret_of_neighbour(target):
    """Another program, running now, wrote a file where its own /tmp is."""
    return open('/tmp/neighbour').read()
