// summary.mjs REPORT STATUS: prints `N passed, N failed` from vitest's JSON report, all projects together, given the status
// that vitest ended with. Exits with 1 unless at least one test was run and all passed.
import { existsSync, readFileSync } from 'node:fs';

const [path, status] = process.argv.slice(2);
const files = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).testResults : [];
const tests = files.flatMap((file) => file.assertionResults);
const passed = tests.filter((test) => test.status === 'passed').length;
// A file that breaks before its first test counts as one failure.
const broken = files.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
let failed = tests.filter((test) => test.status === 'failed').length + broken.length;
// What fails outside of any test (a crashed worker, a stray rejection) is in vitest's status only.
if (failed === 0 && status !== '0') failed = 1;

if (passed + failed === 0) console.error('no test was run');
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
