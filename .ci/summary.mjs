// summary.mjs (REPORT STATUS)...: prints `N passed, N failed` from vitest's JSON reports, all of them together, each with the status
// that vitest ended with. Exits with 1 unless every report has at least one test that was run and all passed.
import { existsSync, readFileSync } from 'node:fs';

const parameters = process.argv.slice(2);
const sum = { passed: 0, failed: 0 };
let isComplete = parameters.length > 0;
while (parameters.length > 0) {
  const [path, status] = parameters.splice(0, 2);
  const { passed, failed } = count(path, status);
  sum.passed += passed;
  sum.failed += failed;
  if (passed + failed === 0) {
    console.error(`${path}: no test was run`);
    isComplete = false;
  }
}
console.log(`${sum.passed} passed, ${sum.failed} failed`);
process.exitCode = isComplete && sum.passed > 0 && sum.failed === 0 ? 0 : 1;

function count(path, status) {
  const files = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).testResults : [];
  const tests = files.flatMap((file) => file.assertionResults);
  const passed = tests.filter((test) => test.status === 'passed').length;
  // A file that breaks before its first test counts as one failure.
  const broken = files.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
  const failed = tests.filter((test) => test.status === 'failed').length + broken.length;
  // What fails outside of any test (a crashed worker, a stray rejection) is in vitest's status only.
  return { passed, failed: failed === 0 && status !== '0' ? 1 : failed };
}
