// Loaded before `train` (node --require): when the campaign dies, the pipe to its children closes, and each saves and ends as after Ctrl-C.
// Otherwise trainings would go on that nobody waits for.
process.stdin.on('end', () => process.kill(process.pid, 'SIGINT'));
process.stdin.resume();
process.stdin.unref();
