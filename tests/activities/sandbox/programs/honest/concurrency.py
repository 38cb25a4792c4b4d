@feature
def threads_up_to_32(llm):
    replies = [None] * 32

    def work(i):
        replies[i] = llm.call_llm(f'thread {i}')

    threads = [threading.Thread(target=work, args=(i,)) for i in range(32)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert replies == [f'thread {i}' for i in range(32)]


@feature
def executor_map(llm):
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(llm.call_llm, 'abcdefgh')) == list('abcdefgh')


@feature
def completed_in_order_of_submission(llm):
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(llm.call_llm, f'slow {9 - i}') for i in range(4)]
        assert [future.result() for future in as_completed(futures)] == [f'slow {9 - i}' for i in range(4)]


@feature
def wait_for_the_first(llm):
    with ThreadPoolExecutor(3) as pool:
        futures = [pool.submit(llm.call_llm, str(i)) for i in range(3)]
        done, pending = wait(futures, return_when=FIRST_COMPLETED)
        assert {future.result() for future in done} == {'0'} and len(pending) == 2
        assert len(wait(futures).done) == 3


@feature
def nested_pools(llm):
    def outer(i):
        with ThreadPoolExecutor(2) as inner:
            return list(inner.map(llm.call_llm, [f'{i}a', f'{i}b']))

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(outer, range(3))) == [[f'{i}a', f'{i}b'] for i in range(3)]


@feature
def pool_errors_arrive(llm):
    def fail():
        raise ValueError('inside')

    with ThreadPoolExecutor(1) as pool:
        try:
            pool.submit(fail).result()
        except ValueError as error:
            assert str(error) == 'inside'
        else:
            raise AssertionError('no error')


@feature
def asyncio_gather(llm):
    async def ask(i):
        await asyncio.sleep(0.001)
        return await asyncio.to_thread(llm.call_llm, str(i))

    async def main():
        return await asyncio.gather(*(ask(i) for i in range(5)))

    assert asyncio.run(main()) == ['0', '1', '2', '3', '4']


@feature
def asyncio_twice_and_timeouts(llm):
    async def slow():
        await asyncio.wait_for(asyncio.sleep(5), 0.01)

    for _ in range(2):
        try:
            asyncio.run(slow())
        except asyncio.TimeoutError:
            continue
        raise AssertionError('no timeout')


@feature
def asyncio_queues_and_locks(llm):
    async def main():
        lock, line, seen = asyncio.Lock(), asyncio.Queue(), []

        async def consume():
            while (item := await line.get()) is not None:
                async with lock:
                    seen.append(item)

        consumer = asyncio.create_task(consume())
        for item in (1, 2, 3, None):
            await line.put(item)
        await consumer
        return seen

    assert asyncio.run(main()) == [1, 2, 3]


@feature
def async_call_from_executor(llm):
    async def main():
        loop = asyncio.get_running_loop()
        return await asyncio.gather(*(loop.run_in_executor(None, llm.call_llm, str(i)) for i in range(3)))

    assert asyncio.run(main()) == ['0', '1', '2']


@feature
def locks_events_conditions(llm):
    event, lock, seen = threading.Event(), threading.RLock(), []

    def work():
        with lock, lock:
            seen.append(1)
        event.set()

    threading.Thread(target=work).start()
    assert event.wait(5) and seen == [1]
    barrier = threading.Barrier(2)
    threading.Thread(target=barrier.wait).start()
    barrier.wait(5)


@feature
def queues_between_threads(llm):
    line = queue.Queue()
    threading.Thread(target=lambda: [line.put(i) for i in range(100)]).start()
    assert [line.get(timeout=5) for _ in range(100)] == list(range(100))


@feature
def timers_and_local_data(llm):
    local, event = threading.local(), threading.Event()
    local.value = 1
    threading.Timer(0.01, event.set).start()
    assert event.wait(5) and local.value == 1


@feature
def recursion_in_a_thread(llm):
    def depth(n):
        return 0 if n == 0 else 1 + depth(n - 1)

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(depth, 800).result() == 800


@feature
def sleeping(llm):
    before = time.monotonic()
    time.sleep(0.01)
    assert time.monotonic() - before >= 0.01


@feature
def thirty_two_in_one_pool(llm):
    with ThreadPoolExecutor(max_workers=32) as pool:
        prompts = [f'prompt {i}' for i in range(64)]
        assert list(pool.map(llm.call_llm, prompts)) == prompts


@feature
def a_pool_of_the_usual_size(llm):
    with ThreadPoolExecutor() as pool:
        assert sum(pool.map(len, ['a', 'bb', 'ccc'])) == 6


@feature
def pools_of_other_modules(llm):
    from multiprocessing import TimeoutError as Late
    from multiprocessing.dummy import Pool
    from multiprocessing.pool import ThreadPool

    for kind in (ThreadPool, Pool):
        seen = []
        with kind(4) as pool:
            assert pool.map(llm.call_llm, ['a', 'b', 'c']) == ['a', 'b', 'c']
            assert pool.starmap(max, [(1, 2), (4, 3)]) == [2, 4] and list(pool.imap(len, ['', 'x'])) == [0, 1]
            result = pool.apply_async(llm.call_llm, ('d',), callback=seen.append)
            assert result.get(10) == 'd' and result.ready() and result.successful()
            assert not pool.map_async(lambda n: 1 // n, [1, 0], error_callback=seen.append).wait(10)
            try:
                pool.apply_async(time.sleep, (0.2,)).get(0.01)
            except Late:
                seen.append('late')
        pool.join()
        assert [type(item).__name__ if isinstance(item, Exception) else item for item in seen] == [
            'd',
            'ZeroDivisionError',
            'late',
        ]


@feature
def futures_with_callbacks(llm):
    seen = []
    with ThreadPoolExecutor(2, initializer=seen.append, initargs=('ready',)) as pool:
        future = pool.submit(llm.call_llm, 'x')
        future.add_done_callback(lambda done: seen.append(done.result()))
    assert 'ready' in seen and 'x' in seen and future.done() and not future.cancelled()


@feature
def timeouts_of_futures(llm):
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(time.sleep, 0.2)
        try:
            future.result(timeout=0.01)
        except TimeoutError:
            return
        except Exception as error:  # before Python 3.11 it has a class of its own
            assert type(error).__name__ == 'TimeoutError'
            return
    raise AssertionError('no timeout')


@feature
def semaphores_and_conditions(llm):
    semaphore, condition, ready = threading.Semaphore(2), threading.Condition(), []

    def work(i):
        with semaphore:
            reply = llm.call_llm(str(i))
        with condition:
            ready.append(reply)
            condition.notify_all()

    for i in range(6):
        threading.Thread(target=work, args=(i,)).start()
    with condition:
        assert condition.wait_for(lambda: len(ready) == 6, 10)
    assert sorted(ready) == list('012345')


@feature
def cancelled_timers_and_daemons(llm):
    seen = []
    timer = threading.Timer(0.05, seen.append, ['late'])
    timer.start()
    timer.cancel()
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    timer.join(5)
    assert seen == []


@feature
def asyncio_semaphores(llm):
    async def ask(gate, i):
        async with gate:
            return await asyncio.to_thread(llm.call_llm, str(i))

    async def main():
        gate = asyncio.Semaphore(3)
        return await asyncio.gather(*(ask(gate, i) for i in range(12)))

    assert asyncio.run(main()) == [str(i) for i in range(12)]


@feature
def asyncio_errors_are_gathered(llm):
    async def fail():
        raise ValueError('inside')

    async def main():
        return await asyncio.gather(fail(), asyncio.sleep(0, 'fine'), return_exceptions=True)

    error, fine = asyncio.run(main())
    assert isinstance(error, ValueError) and fine == 'fine'


@feature
def asyncio_as_completed_and_shield(llm):
    async def main():
        tasks = [asyncio.create_task(asyncio.sleep(0.001 * i, i)) for i in range(3)]
        done = [await task for task in asyncio.as_completed(tasks)]
        return done, await asyncio.shield(asyncio.sleep(0, 'kept'))

    assert asyncio.run(main()) == ([0, 1, 2], 'kept')


@feature
def asyncio_generators_and_contexts(llm):
    @contextlib.asynccontextmanager
    async def agent():
        yield llm

    async def rounds():
        for i in range(3):
            yield i
            await asyncio.sleep(0)

    async def main():
        async with agent() as own:
            return [await asyncio.to_thread(own.call_llm, str(i)) async for i in rounds()]

    assert asyncio.run(main()) == ['0', '1', '2']


@feature
def asyncio_event_loop_by_hand(llm):
    loop = asyncio.new_event_loop()
    try:
        assert loop.run_until_complete(loop.run_in_executor(None, llm.call_llm, 'x')) == 'x'
    finally:
        loop.close()


@feature
def priority_queues_and_schedulers(llm):
    import sched

    line = queue.PriorityQueue()
    for item in ((2, 'b'), (1, 'a')):
        line.put(item)
    assert line.get() == (1, 'a')
    seen, scheduler = [], sched.scheduler(time.monotonic, time.sleep)
    scheduler.enter(0.002, 1, seen.append, 'b')
    scheduler.enter(0.001, 1, seen.append, 'a')
    scheduler.run()
    assert seen == ['a', 'b']


@feature
def a_hundred_calls_in_a_row(llm):
    assert [llm.call_llm(str(i)) for i in range(100)] == [str(i) for i in range(100)]
