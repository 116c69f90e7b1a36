/** Bad input: a flag, a file, a shape, a table. The command line prints its message alone and exits with code 2. */
export class InputError extends Error {
  override name = 'InputError';
}
