# --- what the interpreter holds


@attack
def inherit_environment(target):
    known = 'PYTHONHASHSEED MALLOC_ARENA_MAX OPENBLAS_NUM_THREADS OMP_NUM_THREADS LANG TZ HOME PWD LC_CTYPE'
    known += ' LD_LIBRARY_PATH MPLBACKEND MPLCONFIGDIR'
    return sorted(set(os.environ) - set(known.split())) or HARMLESS


@attack
def inherit_environment_of_the_process(target):
    """As the C library has it, whatever Python shows."""
    environ = ctypes.POINTER(ctypes.c_char_p).in_dll(LIBC, 'environ')
    names = []
    while environ[len(names)]:
        names.append(environ[len(names)].split(b'=')[0].decode())
    return [name for name in names if name not in os.environ] or HARMLESS


@attack
def find_secret_in_memory(target):
    """The worker has this in its environment; no object of this process may hold it."""
    return [text[:60] for text in strings_of_this_process() if target['secret'] in text[::-1]] or HARMLESS


@attack
def find_text_of_neighbour(target):
    """The query and the source of a program that runs now."""
    words = target['neighbour']
    return [t[:60] for t in strings_of_this_process() if any(word in t[::-1] for word in words)] or HARMLESS


# leaks at: confined
@attack
def find_paths_of_the_host(target):
    """Below `confined` the guest's files have a path of their own."""
    return [text[:80] for text in strings_of_this_process() if target['state'] in text[::-1]] or HARMLESS


# leaks at: confined
@attack
def read_arguments_of_the_process(target):
    """argv as the kernel gave it to the zygote."""
    arguments, count = ctypes.POINTER(ctypes.c_wchar_p)(), ctypes.c_int()
    ctypes.pythonapi.Py_GetArgcArgv(ctypes.byref(count), ctypes.byref(arguments))
    given = ' '.join(arguments[index] for index in range(count.value))
    return given if state(target) in given else HARMLESS


@attack
def walk_frames_to_others(target):
    """From the innermost frame to the outermost and through all threads: nothing but this process."""
    seen, frame = [], sys._getframe()
    while frame:
        seen.append(frame)
        frame = frame.f_back
    seen += sys._current_frames().values()
    found = [f for f in seen for text in map(repr, f.f_locals.values()) if target['secret'][::-1] in text]
    return found or HARMLESS


@attack
def open_by_restored_builtins(target):
    """Whatever Python has patched: the functions below it are the kernel's to refuse."""
    real = importlib.import_module('posix')
    return all_fail(
        {
            'posix': lambda: real.open(target['canary'], os.O_RDONLY),
            'io': lambda: importlib.import_module('_io').FileIO(target['canary']),
            'reloaded os': lambda: importlib.reload(os).open(target['canary'], os.O_RDONLY),
            'fresh io': lambda: importlib.import_module('_pyio').open(target['canary']),
            'C library': lambda: opened_by_c(target['canary']),
            'posix fork': lambda: real.fork() and 'forked',
            'posix exec': lambda: real.execv('/bin/true', ['true']),
            '_socket': lambda: importlib.import_module('_socket').socket(),
            '_posixsubprocess': lambda: subprocess.Popen(['true']),
        }
    )


def opened_by_c(path):
    LIBC.fopen.restype = ctypes.c_void_p
    if LIBC.fopen(path.encode(), b'r'):
        return 'opened'
    raise OSError(ctypes.get_errno(), 'fopen')


@attack
def open_by_machine_code(target):
    path = ctypes.create_string_buffer(target['canary'].encode())
    return machine_code('openat', -100, ctypes.addressof(path), 0, 0)


@attack
def socket_by_machine_code(target):
    return machine_code('socket', 2, 1, 0)


@attack
def load_a_library(target):
    names = (
        'libcrypt.so.1',
        'libpam.so.0',
        'libnss_files.so.2',
        'libseccomp.so.2',
        '/tmp/own.so',
        target['canary'],
    )
    loaded = []
    for name in names:
        try:
            loaded.append(ctypes.CDLL(name))
        except OSError:
            continue
    # one that Python itself uses may be there: it gives no right
    return all_fail({'open': lambda: open(target['canary']), 'fork': lambda: os.fork()})


@attack
def escape_by_audit_hooks(target):
    """A hook sees the guest's own steps; it can change no argument and hold no right."""
    events = []
    sys.addaudithook(lambda name, arguments: events.append(name) if len(events) < 1000 else None)
    return all_fail({'open': lambda: open(target['canary']), 'fork': os.fork})


@attack
def escape_by_traces(target):
    sys.settrace(lambda frame, event, argument: None)
    sys.setprofile(lambda frame, event, argument: None)
    try:
        return all_fail({'open': lambda: open(target['canary']), 'fork': os.fork})
    finally:
        sys.settrace(None)
        sys.setprofile(None)


@attack
def escape_by_signal_handlers(target):
    """A handler runs between two instructions of the guest, with the guest's rights."""
    caught = []

    def handler(number, frame):
        caught.append(all_fail({'open': lambda: open(target['canary']), 'fork': os.fork}))

    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    time.sleep(0.05)
    return HARMLESS if caught == [HARMLESS] else caught


@attack
def escape_from_a_thread(target):
    """The confinement holds for threads made later, too."""
    with ThreadPoolExecutor(2) as pool:
        results = pool.map(
            lambda _: all_fail({'open': lambda: open(target['canary']), 'fork': os.fork}), range(2)
        )
        return HARMLESS if all(result == HARMLESS for result in results) else 'a thread escaped'


@attack
def confine_again_with_more_rights(target):
    kernel, landlock, confine = (sys.modules[name] for name in ('kernel', 'landlock', 'confine'))
    return all_fail(
        {
            'landlock': lambda: [call() for call in landlock.restrict(1, ['/tmp'], '/tmp', 4, 32)],
            'mount': lambda: confine._mount('mount', b'/tmp', 0, b'')(),
            'prctl': lambda: kernel.prctl('dumpable', 4, 1)(),
            'process': lambda: sys.modules['fork'].clone_with_namespaces('x86_64', 0)(),
            'unshare': lambda: sys.modules['fork']._unshare(),
        }
    )


@attack
def ask_for_more_than_the_library_gives(target):
    """Forged calls of the library come back as errors, or end the program; the host reads no file for them."""
    channel = sys.modules['channel']
    gc.unfreeze()
    found = [v for v in gc.get_objects() if isinstance(v, channel.Channel)]
    reply = found[0].call('0', 'websearch', {'query': target['canary']})
    return HARMLESS if reply.get('value') == [] else reply
