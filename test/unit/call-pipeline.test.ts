import { createHash } from 'node:crypto';
import { admission } from '../../src/calls/admission';
import { authenticate, authenticateStream } from '../../src/calls/authentication';
import { type Call, compose, type Interceptor, type StreamCall } from '../../src/calls/call';
import { untilDeadline } from '../../src/calls/deadline';
import { InFlightBudget } from '../../src/calls/in-flight-budget';
import { Shutdown } from '../../src/calls/shutdown';
import { limitAge } from '../../src/calls/stream-age';
import type { ConversationError, ErrorReason } from '../../src/core/errors';
import { RequestContext } from '../../src/core/request-context';
import type { Scope } from '../../src/security/authorizer';
import { TokenAuthorizer } from '../../src/security/token-authorizer';

import { until } from '../support/until';

const TOKEN = 'a-token';
const READER = {
  hash: createHash('sha256').update(TOKEN).digest('hex'),
  scope: 'read',
  name: 'dashboard',
} as const;

class TestCall implements StreamCall {
  readonly requestBytes = 100;
  readonly record: Call['record'] = { caller: undefined };
  readonly aborts: ErrorReason[] = [];

  constructor(
    readonly scope: Scope = 'read',
    readonly authorization: string | undefined = `Bearer ${TOKEN}`,
  ) {}

  abort({ reason }: ConversationError): void {
    this.aborts.push(reason);
  }
}

/** Work that ends when the test calls `end`. */
class HeldWork {
  started = 0;
  end: () => void = () => undefined;
  readonly run = (): Promise<string> => {
    this.started += 1;
    return new Promise((resolve) => (this.end = () => resolve('done')));
  };
}

async function reasonOf(call: Promise<unknown>): Promise<ErrorReason | undefined> {
  return call.then(
    () => undefined,
    (error: unknown) => (error as ConversationError).reason,
  );
}

describe('compose', () => {
  test('the first interceptor is the outermost', async () => {
    const order: string[] = [];
    const recording =
      (name: string): Interceptor =>
      async (_, next) => {
        order.push(`${name} begins`);
        const reply = await next();
        order.push(`${name} ends`);
        return reply;
      };
    const pipeline = compose(recording('a'), recording('b'));
    expect(await pipeline(new TestCall(), () => Promise.resolve('reply'))).toBe('reply');
    expect(order).toEqual(['a begins', 'b begins', 'b ends', 'a ends']);
  });

  test('if an interceptor rejects, neither the inner ones nor the work run', async () => {
    const work = new HeldWork();
    const budget = new InFlightBudget(10, 1000);
    const shutdown = new Shutdown();
    shutdown.begin();
    const pipeline = compose(shutdown.refuse, admission(budget));
    expect(await reasonOf(pipeline(new TestCall(), work.run))).toBe('SHUTTING_DOWN');
    expect(work.started).toBe(0);
    expect(budget.inFlightRequests).toBe(0);
  });
});

describe('admission', () => {
  test('counts a call until its work ends, whether it succeeds or fails', async () => {
    const budget = new InFlightBudget(2, 1000);
    const admit = admission(budget);
    const work = new HeldWork();
    const call = admit(new TestCall(), work.run);
    expect([budget.inFlightRequests, budget.inFlightBytes]).toEqual([1, 100]);
    work.end();
    await call;
    expect([budget.inFlightRequests, budget.inFlightBytes]).toEqual([0, 0]);
    await expect(admit(new TestCall(), () => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
    expect(budget.inFlightBytes).toBe(0);
  });

  test('rejects calls while the budget is exhausted', async () => {
    const admit = admission(new InFlightBudget(1, 1000));
    const work = new HeldWork();
    const first = admit(new TestCall(), work.run);
    expect(await reasonOf(admit(new TestCall(), work.run))).toBe('OVERLOADED');
    work.end();
    await first;
    expect(await admit(new TestCall(), () => Promise.resolve('again'))).toBe('again');
  });

  test('a cancelled call keeps its share of the budget until its work ends', async () => {
    const budget = new InFlightBudget(1, 1000);
    const context = new RequestContext(Date.now() + 60_000);
    const pipeline = compose<Call>((_, next) => untilDeadline(context, next), admission(budget));
    const work = new HeldWork();
    const call = reasonOf(pipeline(new TestCall(), work.run));
    context.cancel();
    expect(await call).toBe('CANCELLED');
    expect(budget.isExhausted).toBe(true);
    work.end();
    await until('the budget is free', () => (budget.isExhausted ? undefined : true));
  });
});

describe('authenticate', () => {
  const authorizer = new TokenAuthorizer([READER]);

  test('records the caller, and lets the call pass', async () => {
    const call = new TestCall();
    expect(await authenticate(authorizer)(call, () => Promise.resolve('reply'))).toBe('reply');
    expect(call.record.caller).toBe('dashboard');
  });

  test('records the caller of a forbidden call', async () => {
    const work = new HeldWork();
    const call = new TestCall('write');
    expect(await reasonOf(authenticate(authorizer)(call, work.run))).toBe('FORBIDDEN');
    expect(call.record.caller).toBe('dashboard');
    expect(work.started).toBe(0);
  });

  test.each([undefined, 'Bearer another', 'Basic YTpi'])('rejects %p', async (authorization) => {
    for (const kind of [authenticate, authenticateStream]) {
      const work = new HeldWork();
      const call = new TestCall('read', authorization ?? '');
      expect(await reasonOf(kind(authorizer)(call, work.run))).toBe('UNAUTHENTICATED');
      expect(call.record.caller).toBeUndefined();
      expect(work.started).toBe(0);
    }
  });

  test('aborts an open stream when its token is revoked, but not one that has ended', async () => {
    const revocable = new TokenAuthorizer([READER]);
    const [open, ended] = [new TestCall(), new TestCall()];
    const [openWork, endedWork] = [new HeldWork(), new HeldWork()];
    const running = authenticateStream(revocable)(open, openWork.run);
    const done = authenticateStream(revocable)(ended, endedWork.run);
    endedWork.end();
    await done;
    revocable.replace([]);
    expect([open.aborts, ended.aborts]).toEqual([['UNAUTHENTICATED'], []]);
    openWork.end();
    await running;
  });
});

describe('shutdown', () => {
  test('aborts open streams, and rejects later ones', async () => {
    const shutdown = new Shutdown();
    const [open, ended, late] = [new TestCall(), new TestCall(), new TestCall()];
    const work = new HeldWork();
    const running = shutdown.end(open, work.run);
    await shutdown.end(ended, () => Promise.resolve());
    shutdown.begin();
    expect(await reasonOf(shutdown.end(late, () => Promise.resolve()))).toBe('SHUTTING_DOWN');
    expect([open.aborts, ended.aborts, late.aborts]).toEqual([['SHUTTING_DOWN'], [], []]);
    work.end();
    expect(await running).toBe('done');
  });
});

describe('limitAge', () => {
  test('aborts a stream that reaches the maximum age', async () => {
    const call = new TestCall();
    const work = new HeldWork();
    const running = limitAge(5)(call, work.run);
    await until('it is aborted', () => (call.aborts.length > 0 ? true : undefined));
    expect(call.aborts).toEqual(['SHUTTING_DOWN']);
    work.end();
    expect(await running).toBe('done');
  });
});

describe('untilDeadline', () => {
  test('does not start the work of a cancelled call', async () => {
    const context = new RequestContext(Date.now() + 60_000);
    context.cancel();
    const work = new HeldWork();
    expect(await reasonOf(untilDeadline(context, work.run))).toBe('CANCELLED');
    expect(work.started).toBe(0);
  });

  test('rejects at the deadline, and ignores the later result of the work', async () => {
    const work = new HeldWork();
    const call = untilDeadline(new RequestContext(Date.now() + 10), work.run);
    expect(await reasonOf(call)).toBe('DEADLINE_EXCEEDED');
    work.end();
    expect(await reasonOf(call)).toBe('DEADLINE_EXCEEDED');
  });

  test('a cancellation after the work has ended changes nothing', async () => {
    const context = new RequestContext(Date.now() + 60_000);
    expect(await untilDeadline(context, () => Promise.resolve('reply'))).toBe('reply');
    expect(context.cancelListener).toBeUndefined();
  });
});
