# --- ways out by the network


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
def fetch_a_page(target):
    request = importlib.import_module('urllib.request')
    return request.urlopen(f'http://127.0.0.1:{target["port"]}/', timeout=2).read()


@attack
def connect_by_asyncio(target):
    return asyncio.run(asyncio.open_connection('127.0.0.1', target['port']))


@attack
def make_sockets_of_every_family(target):
    kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET)
    return all_fail({f'{f} {k}': lambda f=f, k=k: socket.socket(f, k) for f in range(1, 46) for k in kinds})


@attack
def connect_to_abstract_socket(target):
    socket.socket(socket.AF_UNIX).connect('\0' + target['abstract'])


@attack
def connect_to_sockets_of_the_host(target):
    paths = [
        '/run/docker.sock',
        '/var/run/docker.sock',
        '/run/dbus/system_bus_socket',
        '/dev/log',
        state(target),
    ]
    return all_fail({path: lambda path=path: socket.socket(socket.AF_UNIX).connect(path) for path in paths})


@attack
def make_socket_pair(target):
    socket.socketpair()


@attack
def listen(target):
    socket.create_server(('127.0.0.1', 0))


@attack
def raw_socket_calls(target):
    names = 'socket socketpair connect accept accept4 bind listen'.split()
    return all_fail({name: lambda name=name: denied(name, 3, 1, 0, 0) for name in names})


# --- the control socket, used as more than a stream


@attack
def send_descriptors_over_control_socket(target):
    return all_fail(
        {name: lambda name=name: denied(name, 3, bytes(64), 0, 0) for name in ('sendmsg', 'sendmmsg')}
    )


@attack
def receive_descriptors_from_control_socket(target):
    return all_fail(
        {
            name: lambda name=name: denied(name, 3, bytes(64), 0, 0)
            for name in ('recvmsg', 'recvmmsg', 'recvfrom')
        }
    )


@attack
def send_urgent_data(target):
    return denied('sendto', 3, b'x', 1, 1, 0, 0)


@attack
def shut_down_control_socket(target):
    return denied('shutdown', 3, 2)


@attack
def ask_who_is_at_the_other_end(target):
    """Process and user of the worker, and the path of its socket."""
    buffer, size = bytes(128), struct.pack('i', 128)
    return all_fail(
        {
            'credentials': lambda: denied('getsockopt', 3, 1, 17, buffer, size),
            'pidfd': lambda: denied('getsockopt', 3, 1, 77, buffer, size),
            'peer': lambda: denied('getpeername', 3, buffer, size),
            'name': lambda: denied('getsockname', 3, buffer, size),
            'as a socket of Python': lambda: socket.socket(fileno=os.dup(3)).getpeername(),
        }
    )


@attack
def set_options_of_control_socket(target):
    one = struct.pack('i', 1)
    options = {'passcred': 16, 'buffer': 7, 'linger': 13, 'timestamps': 29, 'filter': 26, 'busy poll': 46}
    return all_fail(
        {
            name: lambda option=option: denied('setsockopt', 3, 1, option, one, 4)
            for name, option in options.items()
        }
    )


@attack
def move_pages_into_control_socket(target):
    """Pages that are given away and changed later."""
    read, write = os.pipe()
    return all_fail(
        {
            'vmsplice': lambda: denied('vmsplice', write, bytes(16), 1, 8),
            'splice': lambda: denied('splice', read, 0, 3, 0, 1, 0),
            'tee': lambda: denied('tee', read, write, 1, 0),
            'sendfile': lambda: os.sendfile(3, os.open(os.__file__, os.O_RDONLY), 0, 10),
            'copy_file_range': lambda: denied('copy_file_range', 3, 0, 3, 0, 1, 0),
            'pwritev2': lambda: denied('pwritev2', 3, bytes(16), 1, 0, 0, 0),
            'aio': lambda: denied('io_setup', 1, bytes(8)),
        }
    )


@attack
def seek_in_control_socket(target):
    return all_fail(
        {
            'pread': lambda: os.pread(3, 1, 0),
            'pwrite': lambda: os.pwrite(3, b'x', 0),
            'lseek': lambda: os.lseek(3, 0, 0),
            'map': lambda: mmap.mmap(3, 4096),
            'truncate': lambda: os.ftruncate(3, 0),
        }
    )
