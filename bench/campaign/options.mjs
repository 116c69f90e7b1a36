// The flags of the campaign, checked.

import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { PlanError } from './plan.mjs';

export const USAGE = `npm run campaign -- PLAN.json --out DIR [flags]

  --out DIR       where run folders, results.jsonl, table.md and charts go; a campaign that is there already is gone on with
  --minutes M     stop after so many minutes; what is under way is saved and gone on with by the next command
  --jobs N        runs at the same time (default: 1)
  --data DIR      data sets are in DIR/NAME, whatever the plan says
  --adapter KIND  auto, hardware or software, as of \`train\`
  --into FILE     also put the tables into this page, between its lines <!-- campaign NAME --> and <!-- end of campaign NAME -->
  --dry-run       list the runs with what they would take, and do nothing
  --gflops N      rate on which the times of --dry-run rest (default: 1000)
  --dist DIR      the built package (default: dist)
  --program FILE  trains in place of the package's command line`;

const OPTIONS = {
  out: { type: 'string' },
  minutes: { type: 'string', default: 'Infinity' },
  jobs: { type: 'string', default: '1' },
  data: { type: 'string' },
  adapter: { type: 'string' },
  into: { type: 'string' },
  'dry-run': { type: 'boolean', default: false },
  gflops: { type: 'string', default: '1000' },
  dist: { type: 'string', default: join(import.meta.dirname, '../../dist') },
  program: { type: 'string' },
  help: { type: 'boolean', default: false },
};

/**
 * @param args of the command line.
 * @returns { planPath, out, minutes, jobs, place, into, dryRun, gflops, dist, program, help }: `place` says by which flags of `train` those
 *   of a run are replaced.
 * @throws PlanError
 */
export function readOptions(args) {
  const { values, positionals } = parse(args);
  if (values.help) return { help: true };
  if (positionals.length !== 1) throw new PlanError(`expected one plan, got ${positionals.join(', ') || 'none'}`);
  const dryRun = values['dry-run'];
  if (values.out === undefined && !dryRun) throw new PlanError('expected --out DIR, got none');
  const jobs = positive('jobs', values.jobs);
  if (!Number.isInteger(jobs)) throw new PlanError(`--jobs: expected a whole number, got '${values.jobs}'`);
  const { data, adapter, into, program, dist } = values;
  return {
    planPath: positionals[0],
    out: values.out,
    minutes: positive('minutes', values.minutes),
    jobs,
    into,
    dryRun,
    gflops: positive('gflops', values.gflops),
    dist,
    program,
    place: (flags) => ({
      ...(data === undefined ? {} : { 'data-dir': resolve(data, `${flags['data-set'] ?? 'mnist'}`.toLowerCase()) }),
      ...(adapter === undefined ? {} : { adapter }),
    }),
  };
}

function parse(args) {
  try {
    return parseArgs({ args, allowPositionals: true, options: OPTIONS });
  } catch (error) {
    throw new PlanError(error.message.split('\n')[0]);
  }
}

function positive(name, text) {
  const value = Number(text);
  if (!(value > 0)) throw new PlanError(`--${name}: expected a positive number, got '${text}'`);
  return value;
}
