/** Structured logs on standard output: JSON lines, or one short line per entry on a terminal. */
import { styleText } from 'node:util'
import pino from 'pino'

export type Log = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error'> & {
  child(bindings: object): Log
}

const secretKeys = ['password', 'accessJwt', 'refreshJwt', 'authorization', 'jwtSecret', 'token']

export function createLog(level: string, isTerminal: boolean = process.stdout.isTTY): Log {
  const options = {
    level,
    base: null,
    redact: { paths: secretKeys.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]), censor: '…' },
  }
  const terminal = { write: (json: string) => process.stdout.write(`${formatEntry(json)}\n`) }
  return (isTerminal ? pino(options, terminal) : pino(options)) as unknown as Log
}

type Fields = Record<string, unknown>
type Color = Parameters<typeof styleText>[0]

const levelColors: Record<string, Color> = { info: 'green', warn: 'yellow', error: 'red' }

export function formatEntry(json: string): string {
  const { time, level, msg, err, ...fields } = JSON.parse(json) as Fields
  const clock = styleText('gray', new Date(Number(time)).toTimeString().slice(0, 8))
  const label = pino.levels.labels[Number(level)] ?? 'info'
  if (label === 'debug' && 'status' in fields) return `${clock} ${formatRequest(fields)}`
  const name = styleText(levelColors[label] ?? 'gray', label.toUpperCase().padEnd(5))
  const line = [`${clock} ${name} ${printable(String(msg ?? ''))}`, ...formatFields(fields)].join(
    ' ',
  )
  return err === undefined ? line : `${line}\n${formatError(err as Fields)}`
}

function formatRequest({ verb, method, path, status, ms }: Fields): string {
  const color = Number(status) >= 500 ? 'red' : Number(status) >= 400 ? 'yellow' : 'green'
  const target = [verb, method ?? path].filter((text) => text !== undefined).join(' ')
  return `${printable(target)} ${styleText(color, String(status))} ${Math.round(Number(ms))} ms`
}

function formatFields(fields: Fields): string[] {
  return Object.entries(fields).map(([name, value]) => {
    const isPlain = typeof value === 'string' && /^[^\s"]+$/.test(value)
    return `${styleText('gray', `${name}=`)}${printable(isPlain ? value : JSON.stringify(value))}`
  })
}

function formatError({ type, message, stack }: Fields): string {
  return printable(String(stack ?? `${type}: ${message}`)).replace(/^/gm, '    ')
}

// Logged text may come from clients, and must not control the terminal.
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\n\t]/gu, '�')
}
