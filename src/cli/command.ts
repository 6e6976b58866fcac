/** What a command is: its words, its options, and what it does; and the help that follows from these. */
import { text as readAll } from 'node:stream/consumers'
import type { ParseArgsOptionsConfig } from 'node:util'
import type { ServerClient } from '#src/cli/server-client.ts'

export interface Command {
  /** For example `account create`. */
  name: string
  /** One sentence without a full stop. */
  summary: string
  /** What comes after the name, for example `<did or handle>`. */
  operands?: string
  /** How many of these there must be, at least and at most. */
  operandCount?: readonly [least: number, most: number]
  options?: Record<string, Option>
  run(asked: Invocation): Promise<unknown>
}

export interface Option {
  type: 'string' | 'boolean'
  /** What it is for. */
  help: string
  /** What stands for its value in the help. */
  value?: string
}

export interface Invocation {
  server: ServerClient
  operands: readonly string[]
  /** Texts by name; a flag that is given is `true`. */
  options: Readonly<Record<string, string | boolean | undefined>>
}

/** The command was not called as it wants to be. */
export class UsageError extends Error {}

export const commonOptions: Record<string, Option> = {
  url: {
    type: 'string',
    value: 'URL',
    help: 'the server (HEADWATER_URL; else http://localhost:2583)',
  },
  'admin-password': {
    type: 'string',
    value: 'TEXT',
    help: 'better given as PDS_ADMIN_PASSWORD: others can see a command line',
  },
  json: { type: 'boolean', help: 'print JSON, for other programs' },
  help: { type: 'boolean', help: 'print this' },
}

export function parseOptions(options: Record<string, Option>): ParseArgsOptionsConfig {
  const parsed = Object.entries(options).map(([name, { type }]) => [name, { type }] as const)
  return { ...Object.fromEntries(parsed), help: { type: 'boolean', short: 'h' } }
}

/** The value of an option that has one; throws where it is needed and not there. */
export function textOption({ options }: Invocation, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

/** The same for what others must not see in a list of processes: `-` stands for the first line of standard input. */
export async function secretOption(asked: Invocation, name: string): Promise<string | undefined> {
  const value = textOption(asked, name)
  if (value !== '-') return value
  const [line = ''] = (await readAll(process.stdin)).split(/\r?\n/, 1)
  if (line === '') throw new UsageError(`--${name} - reads standard input, and nothing is there`)
  return line
}

export function requiredOption(asked: Invocation, name: string): string {
  const value = textOption(asked, name)
  if (value === undefined) throw new UsageError(`--${name} is needed`)
  return value
}

export function integerOption(asked: Invocation, name: string, otherwise: number): number {
  const value = textOption(asked, name)
  if (value === undefined) return otherwise
  if (!/^\d{1,9}$/.test(value)) throw new UsageError(`--${name} must be a whole number`)
  return Number(value)
}

export function commandHelp(command: Command): string {
  const { name, summary, operands, options = {} } = command
  return [
    `headwater ${[name, operands, '[options]'].filter(Boolean).join(' ')}`,
    '',
    `${summary}.`,
    '',
    ...optionLines({ ...options, ...commonOptions }),
  ].join('\n')
}

export function commandListHelp(commands: readonly Command[]): string {
  const names = commands.map(({ name, operands }) => [name, operands].filter(Boolean).join(' '))
  const width = Math.max(...names.map(({ length }) => length))
  return [
    'headwater <command> [options]',
    '',
    'Looks after a running server, over its XRPC methods.',
    '',
    ...commands.map(({ summary }, i) => `  ${names[i]!.padEnd(width)}  ${summary}`),
    '',
    ...optionLines(commonOptions),
    '',
    '`headwater <command> --help` tells more of one.',
  ].join('\n')
}

function optionLines(options: Record<string, Option>): string[] {
  const forms = Object.entries(options).map(([name, { value }]) =>
    value === undefined ? `--${name}` : `--${name} ${value}`,
  )
  const width = Math.max(...forms.map(({ length }) => length))
  return Object.values(options).map(({ help }, i) => `  ${forms[i]!.padEnd(width)}  ${help}`)
}
