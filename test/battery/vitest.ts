// What `import ... from 'vitest'` means inside the battery's bundle: the runner and the matchers of vitest, without its command line.

import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  type ExpectStatic,
  GLOBAL_EXPECT,
  getState,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  setState,
} from '@vitest/expect';

export { afterAll, afterEach, beforeAll, beforeEach, describe, it, test } from '@vitest/runner';

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

/** A matcher that these plugins lack (snapshots, polling) throws when it is called. */
export const expect = createExpect();

function createExpect(): ExpectStatic {
  const create = (value: unknown, message?: string) => chai.expect(value, message);
  const asymmetric = (globalThis as Record<symbol, unknown>)[ASYMMETRIC_MATCHERS_OBJECT];
  const created = Object.assign(create, chai.expect, asymmetric) as unknown as ExpectStatic;
  Object.defineProperty(globalThis, GLOBAL_EXPECT, { value: created, writable: true, configurable: true });
  setState({ ...getState(created), assertionCalls: 0, isExpectingAssertions: false }, created);
  return created;
}
