#!/usr/bin/env node
// The command line's first file. Images are decoded in Node's thread pool, whose size is read from the environment when the pool is
// first used. Loading an ES module uses it, so this file is none: in main.ts it would be too late.

import os = require('node:os');

/** Node's own. */
const LEAST_THREADS = 4;

process.env.UV_THREADPOOL_SIZE ??= String(Math.max(LEAST_THREADS, os.availableParallelism()));
void import('./main.js');
