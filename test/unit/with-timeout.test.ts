import { withTimeout } from '../../src/core/with-timeout';

const never = new Promise<string>(() => undefined);

const fail = (): never => {
  throw new Error('too late');
};

test('a promise that settles in time determines the result, and the timer is cleared', async () => {
  const clear = jest.spyOn(global, 'clearTimeout');
  expect(await withTimeout(1000, Promise.resolve('value'), fail)).toBe('value');
  await expect(withTimeout(1000, Promise.reject(new Error('broken')), fail)).rejects.toThrow('broken');
  expect(clear).toHaveBeenCalledTimes(2);
  clear.mockRestore();
});

test('after a timeout the result is what onTimeout returns or throws', async () => {
  expect(await withTimeout(1, never, () => 'fallback')).toBe('fallback');
  await expect(withTimeout(1, never, fail)).rejects.toThrow('too late');
});

test('a late rejection is ignored', async () => {
  const late = new Promise<string>((_, reject) => setTimeout(() => reject(new Error('late')), 5));
  expect(await withTimeout(1, late, () => 'fallback')).toBe('fallback');
  await expect(late).rejects.toThrow('late');
});
