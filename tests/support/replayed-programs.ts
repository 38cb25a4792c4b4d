/** Bodies of `forward` that use every way in which Python runs things at once, and every source of chance. */
export const replayedPrograms: Readonly<Record<string, string>> = {
  'calls in sequence, chance and clock': `
import secrets, uuid, datetime as dt
from datetime import datetime, date
text = ask('start')
for i in range(3):
    text += ask(f'{i} {random.random()} {random.choice("abc")} {random.Random().random()}')
    text += ask(f'{uuid.uuid4()} {uuid.uuid1().node} {secrets.token_hex(4)} {os.urandom(3).hex()}')
day = f'{datetime.now():%F} {date.today()} {dt.datetime.utcnow().date()} {time.strftime("%F")} {int(time.time()) // 3600}'
return ask(day + datetime.now(dt.timezone.utc).strftime('%F')) + text`,

  'hash order': `
words = ' '.join({'alpha', 'beta', 'gamma', 'delta', 'epsilon'})
return ask(words) + ask(str({1.5, 'x', (2, 3)})) + str(hash('text') % 1000)`,

  'equal questions in a pool': `
with ThreadPoolExecutor(5) as pool:
    votes = list(pool.map(lambda _: ask('same'), range(5)))
return ask(' '.join(votes)) + ask('same')`,

  'more jobs than threads, chance in each': `
def work(i):
    first = ask(f'{i} {random.random()}')
    return ask(f'{first} {random.randint(0, 999)}')
with ThreadPoolExecutor(3) as pool:
    return ' '.join(pool.map(work, range(8)))`,

  as_completed: `
with ThreadPoolExecutor(4) as pool:
    futures = {pool.submit(ask, f'part {i}'): i for i in range(5)}
    parts = [f'{futures[future]}{future.result()}' for future in as_completed(futures)]
return ask(' '.join(parts))`,

  'wait for the first, cancel the rest': `
import concurrent.futures as cf
with ThreadPoolExecutor(2) as pool:
    futures = [pool.submit(ask, f'try {i}') for i in range(4)]
    done, rest = cf.wait(futures, return_when=cf.FIRST_COMPLETED)
    best = sorted(future.result() for future in done)
    done, rest = cf.wait(rest, return_when=cf.FIRST_EXCEPTION)
return ask(' '.join(best) + str(len(done)) + str(len(rest)))`,

  'first exception': `
import concurrent.futures as cf
def work(i):
    text = ask(f'job {i}')
    if i == 2: raise ValueError(text)
    return text
with ThreadPoolExecutor(4) as pool:
    futures = [pool.submit(work, i) for i in range(4)]
    done, rest = cf.wait(futures, return_when=cf.FIRST_EXCEPTION)
    errors = sorted(str(future.exception()) for future in done)
return ask(' '.join(errors))`,

  'nested pools': `
def inner(i, j): return ask(f'{i}.{j} {random.random()}')
def outer(i):
    with ThreadPoolExecutor(2) as pool:
        return ask('outer ' + ' '.join(pool.map(lambda j: inner(i, j), range(3))))
with ThreadPoolExecutor(3) as pool:
    return ask(' '.join(pool.map(outer, range(3))))`,

  'a pool within a pool, futures passed around': `
with ThreadPoolExecutor(4) as pool:
    def outer(i): return [pool.submit(ask, f'{i} {j}') for j in range(2)]
    lists = [future.result() for future in [pool.submit(outer, i) for i in range(2)]]
    every = [future for futures in lists for future in futures]
    return ask(' '.join(future.result() for future in as_completed(reversed(every))))`,

  'raw threads': `
results = {}
def work(i): results[i] = ask(f'{i}') + ask(f'again {i} {random.random()}')
threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
return ask(' '.join(results[i] for i in range(4)))`,

  'threads of a class, and a timer': `
class Agent(threading.Thread):
    def __init__(self, i):
        super().__init__()
        self.i = i
    def run(self): self.said = ask(f'agent {self.i}')
agents = [Agent(i) for i in range(3)]
late = []
timer = threading.Timer(0.01, lambda: late.append(ask('timer')))
timer.start()
for agent in agents: agent.start()
for agent in agents: agent.join()
timer.join()
return ask(' '.join(agent.said for agent in agents) + late[0])`,

  'a lock around shared counts': `
lock, counts = threading.Lock(), {}
def work(i):
    for j in range(2):
        text = ask(f'{i} {j}')
        with lock: counts[text] = counts.get(text, 0) + 1
with ThreadPoolExecutor(4) as pool:
    list(pool.map(work, range(4)))
return ask(json.dumps(counts, sort_keys=True))`,

  'a pipeline of queues': `
import queue
first, second, out = queue.Queue(), queue.Queue(), []
def draft():
    while (item := first.get()) is not None: second.put(ask(f'draft {item}'))
    second.put(None)
def review():
    while (item := second.get()) is not None: out.append(ask(f'review {item}'))
threads = [threading.Thread(target=draft), threading.Thread(target=review)]
for thread in threads: thread.start()
for i in range(4): first.put(i)
first.put(None)
for thread in threads: thread.join()
return ask(' '.join(out))`,

  'events, semaphores, barriers and conditions': `
ready, slots, gate = threading.Event(), threading.Semaphore(2), threading.Barrier(3)
turn, said = threading.Condition(), {}
def work(i):
    with slots: first = ask(f'slot {i}')
    gate.wait()
    if i == 0: ready.set()
    ready.wait()
    with turn:
        turn.wait_for(lambda: len(said) == i)
        said[i] = ask(f'turn {i} {first}')
        turn.notify_all()
threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
return ask(' '.join(said.values()))`,

  'callbacks of futures': `
heard = {}
with ThreadPoolExecutor(3) as pool:
    for i in range(3):
        future = pool.submit(ask, f'job {i}')
        future.add_done_callback(lambda f, i=i: heard.update({i: ask('heard ' + f.result() + str(random.random()))}))
return ask(' '.join(heard[i] for i in range(3)))`,

  'pools of multiprocessing': `
from multiprocessing.pool import ThreadPool
with ThreadPool(3) as pool:
    parts = pool.map(ask, ['a', 'b', 'c']) + list(pool.imap_unordered(ask, ['d', 'e']))
    parts.append(pool.apply_async(ask, ('f',)).get())
return ask(' '.join(parts))`,

  'asyncio.gather and to_thread': `
import asyncio
async def one(i):
    text = await asyncio.to_thread(ask, f'{i} {random.random()}')
    return await asyncio.to_thread(ask, f'again {text}')
async def main(): return await asyncio.gather(*(one(i) for i in range(4)))
return ask(' '.join(asyncio.run(main())))`,

  'asyncio.as_completed': `
import asyncio
async def main():
    tasks = [asyncio.to_thread(ask, f'{i}') for i in range(4)]
    return [await each for each in asyncio.as_completed(tasks)]
return ask(' '.join(asyncio.run(main())))`,

  'asyncio.wait, task by task': `
import asyncio
async def main():
    pending = {asyncio.create_task(asyncio.to_thread(ask, f'{i}')) for i in range(4)}
    said = []
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        said += [ask('seen ' + task.result()) for task in done]
    return said
return ask(' '.join(asyncio.run(main())))`,

  'TaskGroup or gather, wait_for and shield': `
import asyncio
async def one(i): return await asyncio.wait_for(asyncio.to_thread(ask, f'{i}'), 30)
async def main():
    if hasattr(asyncio, 'TaskGroup'):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(i)) for i in range(3)]
        parts = [task.result() for task in tasks]
    else:
        parts = await asyncio.gather(*map(one, range(3)))
    return parts + [await asyncio.shield(one(9))]
return ask(' '.join(asyncio.run(main())))`,

  'asyncio queues, locks and semaphores': `
import asyncio
async def main():
    queue, lock, slots, said = asyncio.Queue(), asyncio.Lock(), asyncio.Semaphore(2), {}
    async def worker(i):
        async with slots: said[i] = await asyncio.to_thread(ask, f'worker {i}')
        async with lock: pass
        await queue.put(None)
    tasks = [asyncio.create_task(worker(i)) for i in range(4)]
    for _ in tasks: await queue.get()
    return [said[i] for i in range(4)]
return ask(' '.join(asyncio.run(main())))`,

  'an executor of the loop, and calls on the loop itself': `
import asyncio
async def main():
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(2) as pool:
        jobs = [loop.run_in_executor(pool, ask, f'{i}') for i in range(3)]
        jobs.append(loop.run_in_executor(None, ask, 'default'))
        direct = ask('direct')
        return [direct, *await asyncio.gather(*jobs)]
return ask(' '.join(asyncio.run(main())))`,

  'loops of asyncio in threads': `
import asyncio
async def talk(i): return await asyncio.gather(asyncio.to_thread(ask, f'{i} a'), asyncio.to_thread(ask, f'{i} b'))
with ThreadPoolExecutor(2) as pool:
    pairs = list(pool.map(lambda i: asyncio.run(talk(i)), range(2)))
return ask(str(pairs))`,

  'one that waits for what comes later': `
import asyncio
def in_threads():
    go = threading.Event()
    with ThreadPoolExecutor(2) as pool:
        waits, works = pool.submit(go.wait), pool.submit(ask, 'work')
        for future in as_completed([waits, works]):
            if future is works: go.set()
    return works.result()
async def in_tasks():
    go = asyncio.Event()
    waits, works = asyncio.create_task(go.wait()), asyncio.create_task(asyncio.to_thread(ask, 'task'))
    done, rest = await asyncio.wait({waits, works}, return_when=asyncio.FIRST_COMPLETED)
    go.set()
    await asyncio.gather(waits, works)
    return works.result() + str(len(done))
return ask(in_threads() + asyncio.run(in_tasks()))`,
};

/** A task that is cancelled before a thread has begun it asks nothing: a call that nobody waits for may be left out. */
export const programsThatCancel: Readonly<Record<string, string>> = {
  'a task that the first answer stops': `
import asyncio
async def main():
    tasks = [asyncio.create_task(asyncio.to_thread(ask, f'{i}')) for i in range(3)]
    done, rest = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in rest: task.cancel()
    await asyncio.gather(*rest, return_exceptions=True)
    return [task.result() for task in done]
return ask(' '.join(asyncio.run(main())))`,
};

/** Their last question depends on which thread was first, which no journal tells. */
export const programsByArrival: Readonly<
  Record<string, { readonly mostCalls: number; readonly body: string }>
> = {
  'a list that threads append to': {
    mostCalls: 5,
    body: `
results = []
def work(i): results.append(ask(f'{i}'))
threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
return ask(' '.join(results))`,
  },

  'workers that share a queue': {
    mostCalls: 7,
    body: `
import queue
jobs, out = queue.Queue(), queue.Queue()
for i in range(6): jobs.put(i)
def work():
    while True:
        try: job = jobs.get_nowait()
        except queue.Empty: return
        out.put(ask(f'{job}'))
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
return ask(' '.join(out.get() for _ in range(6)))`,
  },

  'tasks that append to a list': {
    mostCalls: 5,
    body: `
import asyncio
said = []
async def one(i): said.append(await asyncio.to_thread(ask, f'{i}'))
async def main(): await asyncio.gather(*(one(i) for i in range(4)))
asyncio.run(main())
return ask(' '.join(said))`,
  },

  'a race that the first thread wins': {
    mostCalls: 4,
    body: `
import queue
out = queue.Queue()
for i in range(3): threading.Thread(target=lambda i=i: out.put(ask(f'{i}')), daemon=True).start()
return ask(out.get())`,
  },
};

/** Where their objects lie depends on what the warm process did before; a journal tells when it matters. */
export const programsByAddress: Readonly<Record<string, string>> = {
  'id order, and sets of objects': `
class Thing:
    def __init__(self, name): self.name = name
things = {Thing(f't{i}') for i in range(8)}
names = ' '.join(thing.name for thing in things)
ordered = [thing.name for thing in sorted(things, key=id)]
return ask(names) + ask(str(ordered))`,
};
