/** `headwater takeover`: takes over the accounts of a reference PDS on this machine, in a process of its own. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parseEnv } from 'node:util'
import { type Command, type Invocation, textOption, UsageError } from '#src/cli/command.ts'
import { readTextFile } from '#src/cli/read-text-file.ts'
import {
  type CheckResult,
  checkReport,
  nextStep,
  progressText,
  type TakeoverProgress,
  type TakeoverResult,
  takeoverReport,
} from '#src/cli/takeover-report.ts'
import { environment } from '#src/config/config.ts'

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
    const isCheck = options['check'] === true
    const next = isCheck ? nextStep() : nextStep(result as TakeoverResult)
    if (options['json'] === true) return { ...result, next }
    const { lines, totals } = isCheck
      ? checkReport(result as CheckResult)
      : takeoverReport(result as TakeoverResult)
    for (const line of lines) invocation.print(line)
    return { ...totals, next }
  },
}

export const takeoverCommands: readonly Command[] = [takeover]

const flags = ['check', 'offline', 'finish', 'leave-out']

/** Shows its progress; its other output goes to standard error. Throws with its last message if it fails. */
async function runProcess(invocation: Invocation): Promise<object> {
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
  let result: object | undefined
  let problem = 'the process has ended without a result: run the command again to continue'
  createInterface(child.stdout).on('line', (line) => {
    if (line.startsWith('progress ')) {
      report(progressText(JSON.parse(line.slice('progress '.length)) as TakeoverProgress))
    } else if (line.startsWith('result ')) result = JSON.parse(line.slice('result '.length))
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
  return parseEnv(readTextFile(path))
}
