/** A command of the command line, its options, and the help text made from them. */
import { text as readAll } from 'node:stream/consumers'
import type { ParseArgsOptionsConfig } from 'node:util'
import type { ServerClient } from '#src/cli/server-client.ts'

export interface Command {
  name: string
  summary: string
  details?: string
  operands?: string
  operandCount?: readonly [min: number, max: number]
  options?: Record<string, Option>
  /** Progress is written also if standard error is not a terminal. */
  alwaysShowsProgress?: boolean
  /** It runs until it is interrupted, and shows no progress. */
  isEndless?: boolean
  /** Returns what is printed at the end; undefined if everything was printed before. */
  run(invocation: Invocation): Promise<unknown>
}

export interface Option {
  type: 'string' | 'boolean'
  help: string
  value?: string
}

export interface Invocation {
  server: ServerClient
  operands: readonly string[]
  options: Readonly<Record<string, string | boolean | undefined>>
  /** Says how far the command is, for those that take longer than a second. */
  report(progress: string): void
  /** Prints a line of the result before the command has ended. */
  print(line: string): void
  /** Writes a line to standard error, beside the result. */
  warn(line: string): void
}

export class UsageError extends Error {}

export const commonOptions: Record<string, Option> = {
  url: {
    type: 'string',
    value: 'URL',
    help: 'URL of the server (env: HEADWATER_URL; default: http://localhost:2583)',
  },
  'admin-password': {
    type: 'string',
    value: 'PASSWORD',
    help: 'Admin password (better set as PDS_ADMIN_PASSWORD, which other users cannot see)',
  },
  json: { type: 'boolean', help: 'Print the result as JSON' },
  help: { type: 'boolean', help: 'Print this help' },
}

export function parseOptions(options: Record<string, Option>): ParseArgsOptionsConfig {
  const parsed = Object.entries(options).map(([name, { type }]) => [name, { type }] as const)
  return { ...Object.fromEntries(parsed), help: { type: 'boolean', short: 'h' } }
}

export function textOption({ options }: Invocation, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

/** `-` reads the first line of standard input, so that the secret does not appear in the process list. */
export async function secretOption(
  invocation: Invocation,
  name: string,
): Promise<string | undefined> {
  const value = textOption(invocation, name)
  if (value !== '-') return value
  const [line = ''] = (await readAll(process.stdin)).split(/\r?\n/, 1)
  if (line === '') throw new UsageError(`--${name} -: no line on standard input`)
  return line
}

export function requiredOption(invocation: Invocation, name: string): string {
  const value = textOption(invocation, name)
  if (value === undefined) throw new UsageError(`missing option: --${name}`)
  return value
}

export function integerOption(invocation: Invocation, name: string, fallback: number): number {
  const value = textOption(invocation, name)
  if (value === undefined) return fallback
  if (!/^\d{1,9}$/.test(value)) throw new UsageError(`--${name} must be a whole number`)
  return Number(value)
}

export function commandHelp(command: Command): string {
  const { name, summary, details, operands, options = {} } = command
  return [
    `Usage: headwater ${[name, operands, '[options]'].filter(Boolean).join(' ')}`,
    '',
    `${summary}.`,
    ...(details === undefined ? [] : [details]),
    '',
    'Options:',
    ...optionLines({ ...options, ...commonOptions }),
  ].join('\n')
}

export function commandListHelp(commands: readonly Command[], group?: string): string {
  const names = commands.map(({ name, operands }) => [name, operands].filter(Boolean).join(' '))
  const width = Math.max(...names.map(({ length }) => length))
  return [
    `Usage: headwater ${group === undefined ? '' : `${group} `}<command> [options]`,
    '',
    'Sets up, backs up, and manages a Headwater server.',
    '',
    'Commands:',
    ...commands.map(({ summary }, i) => `  ${names[i]!.padEnd(width)}  ${summary}`),
    '',
    'Options:',
    ...optionLines({
      ...commonOptions,
      ...(group === undefined && { version: { type: 'boolean', help: 'Print the version' } }),
    }),
    '',
    "Run 'headwater <command> --help' for the options of a command.",
  ].join('\n')
}

function optionLines(options: Record<string, Option>): string[] {
  const forms = Object.entries(options).map(([name, { value }]) => {
    const form = value === undefined ? `--${name}` : `--${name} ${value}`
    return name === 'help' ? `-h, ${form}` : form
  })
  const width = Math.max(...forms.map(({ length }) => length))
  return Object.values(options).map(({ help }, i) => `  ${forms[i]!.padEnd(width)}  ${help}`)
}
