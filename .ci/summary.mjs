// Prints `N passed, N failed` from vitest's JSON report, all projects together. Exits with 1 unless all of at least one passed.
import { existsSync, readFileSync } from 'node:fs';

const [path] = process.argv.slice(2);
const report = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { testResults: [], success: false };
// A file that breaks before its first test counts as one failure, and so does a run that fails outside of any test.
const broken = report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0);
const tests = report.testResults.flatMap((file) => file.assertionResults);
const passed = tests.filter((test) => test.status === 'passed').length;
const counted = tests.filter((test) => test.status === 'failed').length + broken.length;
const failed = counted === 0 && !report.success ? 1 : counted;

if (passed + failed === 0) console.error('no test was run');
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
