# Files of a program's own: only level `namespaces` has a writable /tmp.


@feature
@needs_files
def writes_and_reads(llm):
    with open('notes.txt', 'w') as file:
        file.write('note')
    assert open('/tmp/notes.txt').read() == 'note'
    os.rename('notes.txt', 'moved.txt')
    assert os.path.getsize('moved.txt') == 4 and not os.path.exists('notes.txt')
    os.remove('moved.txt')


@feature
@needs_files
def temporary_files(llm):
    with tempfile.TemporaryDirectory() as directory:
        assert os.listdir(directory) == []
    with tempfile.NamedTemporaryFile('w+') as file:
        file.write('x')
        file.seek(0)
        assert file.read() == 'x'


@feature
@needs_files
def paths_and_trees(llm):
    import pathlib
    import shutil

    root = pathlib.Path('tree')
    (root / 'a' / 'b').mkdir(parents=True)
    (root / 'a' / 'x.txt').write_text('ü', encoding='utf-8')
    assert [path.name for path in sorted(root.rglob('*'))] == ['a', 'b', 'x.txt']
    (root / 'y.txt').write_bytes(b'y')
    assert (root / 'y.txt').resolve() == pathlib.Path('/tmp/tree/y.txt')
    shutil.rmtree(root)
    assert not root.exists()


@feature
@needs_files
def archives_and_logs(llm):
    import zipfile

    with zipfile.ZipFile('a.zip', 'w') as archive:
        archive.writestr('inside.txt', 'text')
    assert zipfile.ZipFile('a.zip').read('inside.txt') == b'text'
    handler = logging.FileHandler('agent.log')
    handler.emit(logging.LogRecord('agent', 20, 'f', 1, 'a line', None, None))
    handler.close()
    assert open('agent.log').read() == 'a line\n'


@feature
def no_files_say_so(llm):
    try:
        open('/no/such/file')
    except OSError as error:
        assert error.errno in (2, 13)
    assert not os.path.exists('/no/such/file')


@feature
def standard_library_is_readable(llm):
    import inspect

    assert 'def wrap' in inspect.getsource(textwrap)
    assert os.path.basename(os.__file__) == 'os.py' and open(os.__file__).readline()
