/** `headwater takeover`: takes over the accounts of a reference PDS on this machine, in a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseEnv } from 'node:util'
import { type Command, type Invocation, textOption, UsageError } from '#src/cli/command.ts'
import { fileError } from '#src/cli/file-error.ts'
import { environment } from '#src/config/config.ts'

interface Account {
  did: string
}

/** What the process prints at its end (src/takeover). */
interface CheckResult {
  accounts: number
  records: number
  blobs: number
  unchangedRepos: number
  unusable: (Account & { reason: string })[]
  newCommits: (Account & { reason: string })[]
  notes: (Account & { note: string })[]
}

interface TakeoverResult {
  pass?: Omit<CheckResult, 'unchangedRepos' | 'newCommits'> & {
    taken: number
    unchanged: number
    deleted: number
  }
  announced?: number
}

const takeover: Command = {
  name: 'takeover',
  summary: 'Take over all accounts of a reference PDS, whose data folder is on this machine',
  details:
    'Run it as the user of the server, with its variables, while no server runs in its data folder. The reference may run until --finish. Interrupted, it continues when it is run again.',
  operands: '<folder>',
  operandCount: [1, 1],
  options: {
    check: { type: 'boolean', help: 'Only read and verify, and report what a takeover would do' },
    offline: { type: 'boolean', help: 'With --check: do not fetch DID documents' },
    finish: { type: 'boolean', help: 'Finish, after the reference was stopped' },
    'leave-out': { type: 'boolean', help: 'Finish although some accounts cannot be taken over' },
    'env-file': {
      type: 'string',
      value: 'FILE',
      help: "File with the server's variables (default: those of this shell)",
    },
  },
  alwaysShowsProgress: true,
  async run(invocation) {
    const { options } = invocation
    if (options['check'] === true && options['finish'] === true) {
      throw new UsageError('--check and --finish exclude each other')
    }
    const result = await runProcess(invocation)
    if (options['json'] === true) return result
    return options['check'] === true
      ? showCheck(invocation, result as CheckResult)
      : showTakeover(invocation, result as TakeoverResult)
  },
}

export const takeoverCommands: readonly Command[] = [takeover]

const flags = ['check', 'offline', 'finish', 'leave-out']

/** Shows its progress; its other output goes to standard error. Throws with its last message if it fails. */
async function runProcess(invocation: Invocation): Promise<unknown> {
  const { operands, options, report, warn } = invocation
  const main = join(import.meta.dirname, '..', 'main.ts')
  const chosen = flags.filter((flag) => options[flag] === true).map((flag) => `--${flag}`)
  const child = spawn(process.execPath, [main, 'takeover', resolve(operands[0]!), ...chosen], {
    env: { ...environment(), ...variablesOf(invocation) },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  // The child process gets Ctrl-C too, and shuts down cleanly.
  const ignore = () => {}
  process.on('SIGINT', ignore)
  const onTerminate = () => void child.kill('SIGTERM')
  process.on('SIGTERM', onTerminate)
  let result: unknown
  let problem = 'the process has ended without a result: run the command again to continue'
  createInterface(child.stdout).on('line', (line) => {
    if (line.startsWith('progress ')) report(line.slice('progress '.length))
    else if (line.startsWith('result ')) result = JSON.parse(line.slice('result '.length))
    else warn(line)
  })
  createInterface(child.stderr).on('line', (line) => {
    if (line.startsWith('headwater: ')) problem = line.slice('headwater: '.length)
    else warn(line)
  })
  try {
    await once(child, 'close')
  } finally {
    process.off('SIGINT', ignore)
    process.off('SIGTERM', onTerminate)
  }
  if (child.exitCode !== 0 || result === undefined) throw new Error(problem)
  return result
}

function variablesOf(invocation: Invocation): NodeJS.Dict<string> {
  const path = textOption(invocation, 'env-file')
  if (path === undefined) return {}
  try {
    return parseEnv(readFileSync(path, 'utf8'))
  } catch (error) {
    throw fileError('read', path, error)
  }
}

function showCheck({ print }: Invocation, result: CheckResult): object {
  const { unusable, newCommits, notes, ...counts } = result
  for (const { did, reason } of unusable) print(`${did}  cannot be taken over: ${reason}`)
  for (const { did, reason } of newCommits) print(`${did}  gets a new commit: ${reason}`)
  for (const { did, note } of notes) print(`${did}  ${note}`)
  return { ...counts, unusable: unusable.length, newCommits: newCommits.length }
}

function showTakeover({ print }: Invocation, { pass, announced }: TakeoverResult): object {
  const { unusable = [], notes = [], ...counts } = pass ?? {}
  for (const { did, reason } of unusable) print(`${did}  cannot be taken over: ${reason}`)
  for (const { did, note } of notes) print(`${did}  ${note}`)
  const next =
    announced === undefined
      ? 'repeat it, or stop the reference and run it with --finish'
      : 'start the server under the same host name, then run headwater doctor'
  return { ...counts, unusable: unusable.length, announced, next }
}
