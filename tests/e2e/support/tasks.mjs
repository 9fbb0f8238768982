/**
 * How long the page's own thread is busy at a stretch, from Chromium's trace. A task's time is the
 * thread's processor time: on a quiet machine that is what a `longtask` entry says, and on a busy
 * one it leaves out the time in which other programs had the processor.
 */

const CATEGORIES = ['toplevel', 'blink.user_timing'];
const TASK = 'ThreadControllerImpl::RunTask';

/**
 * Does `act`, which names what it does with `phase`, and gives the page's tasks longer than
 * `longest` ms, each with its phase.
 */
export async function longTasks(page, longest, act) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => {
    for (const event of value) if (matters(event)) events.push(event);
  });
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: CATEGORIES },
  });
  await act((name) => page.evaluate((mark) => void performance.mark(mark), `phase: ${name}`));
  const over = new Promise((complete) => session.once('Tracing.tracingComplete', complete));
  await session.send('Tracing.end');
  await over;
  await session.detach();
  return found(events, longest);
}

const isMark = ({ cat, name }) => cat === 'blink.user_timing' && name.startsWith('phase: ');
const matters = (event) => event.name === TASK || event.name === 'thread_name' || isMark(event);

function found(events, longest) {
  const marks = events.filter(isMark).sort((a, b) => a.ts - b.ts);
  // The page is where the marks are; other processes have a main thread as well.
  const pages = new Set(marks.map(({ pid }) => pid));
  const threads = new Set(
    events
      .filter(
        ({ name, args, pid }) => name === 'thread_name' && args.name === MAIN && pages.has(pid),
      )
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  const tasks = events.filter(
    ({ name, pid, tid }) => name === TASK && threads.has(`${pid} ${tid}`),
  );
  if (tasks.length === 0 || tasks.every(({ tdur }) => tdur === undefined))
    throw new Error('the trace holds no times of the page’s thread');
  return tasks
    .filter(({ tdur = 0 }) => tdur / 1000 > longest)
    .map(({ ts, tdur, dur }) => ({
      phase: marks.findLast((mark) => mark.ts <= ts)?.name.slice('phase: '.length) ?? 'loading',
      ms: Math.round(tdur / 1000),
      wall: Math.round(dur / 1000),
    }));
}

const MAIN = 'CrRendererMain';
