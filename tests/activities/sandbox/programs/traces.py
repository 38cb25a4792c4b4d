# Leaves traces wherever a process can keep them; comes after the functions of fingerprint.py.

import atexit


def leave_traces(marker):
    json.planted = marker
    sys.modules['builtins'].planted = marker
    sys.modules['planted'] = json
    sys.modules['utils'].LLM.call_llm = lambda *_: marker
    os.environ['PLANTED'] = marker
    os.umask(0o077)
    os.chdir(os.path.dirname(os.__file__))
    os.dup2(os.open('/dev/null', os.O_RDONLY), 40)
    sys.path.insert(0, marker)
    sys.meta_path.append(type('Finder', (), {'find_spec': lambda *_: None})())
    sys.setrecursionlimit(1234)
    sys.setprofile(lambda *_: None)
    decimal.getcontext().prec = 3
    gc.set_threshold(1, 1, 1)
    gc.callbacks.append(print)
    warnings.filters.clear()
    threading.stack_size(65536)
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2])
    signal.setitimer(signal.ITIMER_VIRTUAL, 1000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))
    random.seed(1)
    atexit.register(print, marker)
    sys.argv.append(marker)
    print(marker * 100)
    try:
        open('/tmp/planted', 'w').write(marker)
    except OSError:
        pass
    keep.append(marker.encode() * (1 << 20))


def search_memory(marker):
    """In pages that the C library gives out without clearing them."""
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    word = marker.encode()
    for size in (1 << 8, 1 << 12, 1 << 16, 1 << 20, 64 << 20):
        for _ in range(20 if size < 1 << 20 else 1):
            if word in ctypes.string_at(libc.malloc(size), size):
                return f'found in {size} bytes'
    return 'nothing found'


keep = []


class MAS:
    def __init__(self, model_list):
        self.llm = LLM(model_list)

    def forward(self, taskInfo):
        task, backwards = taskInfo.split()
        if task == 'search':
            return search_memory(backwards[::-1])
        leave_traces(backwards[::-1])
        return json.dumps(fingerprint(), sort_keys=True)
