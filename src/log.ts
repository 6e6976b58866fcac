/** Structured logs: one JSON object a line, on standard output. */
import pino from 'pino'

export type Log = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error'> & {
  child(bindings: object): Log
}

/** What is never written, wherever it stands in a logged object. */
const secrets = ['password', 'accessJwt', 'refreshJwt', 'authorization', 'jwtSecret', 'token']

/** A logger writing at `level` and above; `silent` for none. */
export function createLog(level: string): Log {
  return pino({
    level,
    base: null,
    redact: { paths: secrets.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '…' },
  }) as unknown as Log
}
