/** `headwater setup`: asks what a public server needs to know, generates its secrets, and writes its variables. */
import { resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import {
  type Command,
  type Invocation,
  secretOption,
  textOption,
  UsageError,
} from '#src/cli/command.ts'
import { checkPort, network } from '#src/cli/network.ts'
import { formatCheck } from '#src/cli/print.ts'
import { type Check, dnsChecks } from '#src/cli/public-checks.ts'
import {
  networkVariables,
  readVariables,
  withSecrets,
  writeVariables,
} from '#src/cli/setup-file.ts'
import { type Answers, type Question, questions } from '#src/cli/setup-questions.ts'
import { readConfig } from '#src/config/config.ts'

/** Resolves with what was typed. */
export type Ask = (text: string) => Promise<string>

const optionOf = ({ option, text }: Question) =>
  [option, { type: 'string', value: 'TEXT', help: text }] as const

const setup: Command = {
  name: 'setup',
  summary: 'Write the variables of a public server, with generated secrets, into a file',
  details:
    'Asks for what is not given as an option, or with --yes takes the defaults. A file that exists is changed only with --change or if you say so, and keeps its secrets.',
  options: {
    file: { type: 'string', value: 'FILE', help: 'The file (default: headwater.env)' },
    ...Object.fromEntries(questions.map(optionOf)),
    change: { type: 'boolean', help: 'Change the file if it exists' },
    yes: { type: 'boolean', help: 'Ask nothing' },
    'skip-checks': { type: 'boolean', help: 'Do not check DNS and ports' },
  },
  async run(invocation) {
    const isInteractive = invocation.options['yes'] !== true && process.stdin.isTTY === true
    const terminal = isInteractive
      ? createInterface({ input: process.stdin, output: process.stderr })
      : undefined
    try {
      const ask = terminal && ((text: string) => terminal.question(text))
      return await setUp(invocation, ask)
    } finally {
      terminal?.close()
    }
  },
}

export const setupCommands: readonly Command[] = [setup]

/** Without `ask`, only options count. Exported for tests, which have no terminal. */
export async function setUp(invocation: Invocation, ask: Ask | undefined): Promise<unknown> {
  const { options, print } = invocation
  const file = resolve(textOption(invocation, 'file') ?? 'headwater.env')
  const former = readVariables(file)
  if (former !== undefined && options['change'] !== true && !(await mayChange(file, ask))) {
    throw new UsageError(`${file} exists: --change changes it, and keeps its secrets`)
  }
  const answers = await answersTo(invocation, former ?? {}, ask)
  const variables = withSecrets({ ...networkVariables, ...former, ...answers })
  const { gateway, service } = readConfig(variables)
  writeVariables(file, variables, former !== undefined)
  const skips = options['skip-checks'] === true
  const checks = skips ? [] : await checksOf(gateway.hostname, service.handleDomains)
  const next = nextSteps(file)
  if (options['json'] === true) return { file, hostname: gateway.hostname, checks, next }
  print(`${former === undefined ? 'Written' : 'Changed'}: ${file}`)
  print('It is half of every backup: without it the data cannot be read. Keep a copy elsewhere.\n')
  for (const check of checks) print(formatCheck(check))
  print(`${checks.length > 0 ? '\n' : ''}Next:`)
  for (const line of next) print(`  ${line}`)
  return undefined
}

async function mayChange(file: string, ask: Ask | undefined): Promise<boolean> {
  if (ask === undefined) return false
  const answer = await ask(`${file} exists. Change it, and keep its secrets? [no] `)
  return /^y(es)?$/i.test(answer.trim())
}

/** Throws a UsageError if a required answer is missing. */
async function answersTo(
  invocation: Invocation,
  former: Answers,
  ask: Ask | undefined,
): Promise<Answers> {
  const answers: Record<string, string> = {}
  for (const question of questions) {
    const { option, variable, applies = () => true, normalize = (text) => text } = question
    if (!applies(answers)) continue
    const given = await secretOption(invocation, option)
    const fallback = former[variable] || question.fallback(answers)
    const typed = given ?? (ask && (await ask(promptOf(question, fallback))))
    const answer = typed?.trim() || fallback
    if (answer && question.form?.test(answer) === false) {
      throw new UsageError(`--${option} must be ${question.formText}`)
    }
    if (answer === undefined) throw new UsageError(`missing option: --${option}`)
    answers[variable] = normalize(answer)
  }
  return answers
}

function promptOf({ text, variable }: Question, fallback: string | undefined): string {
  const isSecret = variable === 'PDS_EMAIL_SMTP_URL'
  return fallback ? `${text} [${isSecret ? 'as before' : fallback}]: ` : `${text}: `
}

async function checksOf(hostname: string, handleDomains: readonly string[]): Promise<Check[]> {
  const forProxy = 'stop it, unless it is the proxy that passes requests on to Headwater'
  const [dns, ...ports] = await Promise.all([
    dnsChecks(network, { hostname, handleDomains }),
    checkPort(80, forProxy),
    checkPort(443, forProxy),
    checkPort(2583, 'stop it, unless it is Headwater, or set PDS_PORT'),
  ])
  return [...dns, ...ports]
}

function nextSteps(file: string): string[] {
  return [
    'with Docker:   docker compose up -d (in deploy/one-box, with this file in it as headwater.env)',
    `with systemd:  sudo install -D -m 0600 ${file} /etc/headwater/headwater.env; sudo rm ${file}`,
    '               and then the other steps in docs/operate/install.md',
    'at the end:    headwater doctor; headwater invite create',
  ]
}
