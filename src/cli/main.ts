/** `headwater <command> …`: runs a command and prints its result. Exits with 1 on failure, with 2 on wrong usage. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { accountCommands } from '#src/cli/accounts.ts'
import { archiveCommands } from '#src/cli/archives.ts'
import { backupCommands } from '#src/cli/backup.ts'
import {
  type Command,
  commandHelp,
  commandListHelp,
  commonOptions,
  parseOptions,
  UsageError,
} from '#src/cli/command.ts'
import { doctorCommands } from '#src/cli/doctor.ts'
import { domainCommands } from '#src/cli/domains.ts'
import { drainCommands } from '#src/cli/drain.ts'
import { groupCommands } from '#src/cli/groups.ts'
import { historyCommands } from '#src/cli/history.ts'
import { hostnameCommands } from '#src/cli/hostname.ts'
import { inviteCommands } from '#src/cli/invites.ts'
import { mailCommands } from '#src/cli/mails.ts'
import { moderationCommands } from '#src/cli/moderation.ts'
import { formatResult } from '#src/cli/print.ts'
import { startProgress } from '#src/cli/progress.ts'
import { relayCommands } from '#src/cli/relays.ts'
import { repoCommands } from '#src/cli/repos.ts'
import { createServerClient } from '#src/cli/server-client.ts'
import { serverCommands } from '#src/cli/servers.ts'
import { setupCommands } from '#src/cli/setup.ts'
import { tailCommands } from '#src/cli/tail.ts'
import { takedownCommands } from '#src/cli/takedowns.ts'
import { takeoverCommands } from '#src/cli/takeover.ts'
import { tenantCommands } from '#src/cli/tenants.ts'
import { webhookCommands } from '#src/cli/webhooks.ts'
import { environment } from '#src/config/config.ts'
import { version } from '#src/config/service.ts'
import { XrpcError } from '#src/errors.ts'

const commands = [
  ...[...accountCommands, ...groupCommands, ...takedownCommands, ...inviteCommands],
  ...[...domainCommands, ...repoCommands, ...serverCommands, ...doctorCommands, ...mailCommands],
  ...[...tenantCommands, ...relayCommands, ...backupCommands, ...setupCommands, ...tailCommands],
  ...[...webhookCommands, ...takeoverCommands, ...historyCommands, ...archiveCommands],
  ...[...moderationCommands, ...drainCommands, ...hostnameCommands],
]

const args = process.argv.slice(2)
const wantsJson = args.includes('--json')
try {
  const output = await run(args)
  if (output !== undefined) console.log(output)
} catch (error) {
  const status = error instanceof XrpcError ? { status: error.status, error: error.error } : {}
  const { message } = error as Error
  const name = error instanceof XrpcError ? `${error.error}: ` : ''
  console.error(wantsJson ? JSON.stringify({ ...status, message }) : `headwater: ${name}${message}`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}

async function run(argv: readonly string[]): Promise<string | undefined> {
  const words = argv[0] === 'help' ? [...argv.slice(1), '--help'] : argv
  const args = words[0] === 'accounts' ? ['account', ...words.slice(1)] : words
  const command = findCommand(args)
  if (command === undefined) return withoutCommand(args)
  const { values, positionals } = parse(command, args.slice(command.name.split(' ').length))
  if (values['help'] === true) return commandHelp(command)
  const [min, max] = command.operandCount ?? [0, 0]
  if (positionals.length < min || positionals.length > max) {
    throw new UsageError(`usage: headwater ${[command.name, command.operands].join(' ').trim()}`)
  }
  const url = urlOf(values['url'])
  const admin = findAdminPassword(values['admin-password'], url)
  const out = command.isEndless === true ? { write() {} } : process.stderr
  const progress = startProgress(out, command.name, {
    always: command.alwaysShowsProgress === true,
  })
  const { report } = progress
  const print = (line: string) => {
    progress.clear()
    console.log(line)
  }
  const server = createServerClient(url, admin.password)
  const invocation = {
    ...{ server, operands: positionals, options: values, report },
    ...{ print, warn: (line: string) => console.error(`headwater: ${line}`) },
  }
  const result = await command
    .run(invocation)
    .catch((error) => {
      throw isAdminRefused(error)
        ? new XrpcError(401, error.error, admin.advice)
        : withAdvice(error, command.name)
    })
    .finally(() => progress.end())
  if (result === undefined) return undefined
  return values['json'] === true ? JSON.stringify(result) : formatResult(result)
}

function withAdvice(error: unknown, command: string): unknown {
  if (error instanceof UsageError && error.message.startsWith('missing option')) {
    return new UsageError(`${error.message} (see 'headwater ${command} --help')`)
  }
  if (error instanceof XrpcError && error.error === 'UnsupportedDomain') {
    const advice = `${error.message} ('headwater domain list' shows the domains, 'domain add' adds one)`
    return new XrpcError(error.status, error.error, advice)
  }
  return error
}

function isAdminRefused(error: unknown): error is XrpcError {
  return error instanceof XrpcError && error.status === 401
}

function withoutCommand(args: readonly string[]): string {
  if (args.length === 1 && args[0] === '--version') return version
  const words = args.filter((arg) => arg !== '--help' && arg !== '-h')
  if (words.length === 0) return commandListHelp(commands)
  const [word] = words
  const group = commands.filter(({ name }) => name.split(' ')[0] === word)
  const topic = group.length > 0 ? `headwater ${word} --help` : 'headwater --help'
  if (group.length > 0 && words.length === 1) return commandListHelp(group, word)
  throw new UsageError(`unknown command: ${words.join(' ')} (see '${topic}')`)
}

function findCommand(args: readonly string[]): Command | undefined {
  const isCalled = ({ name }: Command) => name.split(' ').every((word, i) => args[i] === word)
  return commands.find(isCalled)
}

function parse(command: Command, args: string[]) {
  try {
    const options = parseOptions({ ...command.options, ...commonOptions })
    const { values, positionals } = parseArgs({ args, options, allowPositionals: true })
    return { values: values as Record<string, string | boolean | undefined>, positionals }
  } catch (error) {
    throw new UsageError(`${parseMistake(error as Error)} (see 'headwater ${command.name} --help')`)
  }
}

// The messages of parseArgs are for programmers.
function parseMistake({ message }: Error): string {
  const option = /'(?:-\w, )?(--?[\w-]+)[^']*'/.exec(message)?.[1]
  if (option === undefined) return message
  if (message.startsWith('Unknown option')) return `unknown option: ${option}`
  if (message.includes('does not take an argument')) return `${option} takes no value`
  const isAmbiguous = message.includes('ambiguous')
  return `${option} needs a value${isAmbiguous ? `; one that begins with a dash is written ${option}=-…` : ''}`
}

function urlOf(option: unknown): string {
  const env = environment()
  const local = `http://localhost:${env['PDS_PORT'] || '2583'}`
  const url = String(option ?? (env['HEADWATER_URL'] || local)).replace(/\/+$/, '')
  if (!/^https?:\/\//.test(url)) throw new UsageError('--url must be an http or https URL')
  return url
}

/** The password, and what to say if the server refuses it. */
function findAdminPassword(option: unknown, url: string): { password?: string; advice: string } {
  const env = environment()
  if (typeof option === 'string') {
    return { password: option, advice: `${url} refuses the password in --admin-password` }
  }
  if (env['PDS_ADMIN_PASSWORD']) {
    const advice = `${url} refuses the password in PDS_ADMIN_PASSWORD`
    return { password: env['PDS_ADMIN_PASSWORD'], advice }
  }
  const missing = `set PDS_ADMIN_PASSWORD to the admin password of ${url}`
  // The local password must not be sent to another server.
  if (!['localhost', '127.0.0.1', '[::1]'].includes(new URL(url).hostname)) {
    return { advice: missing }
  }
  const file = resolve(env['PDS_DATA_DIRECTORY'] || 'data', 'secrets.json')
  try {
    const { adminPassword } = JSON.parse(readFileSync(file, 'utf8')) as { adminPassword?: string }
    if (adminPassword !== undefined) {
      return {
        password: adminPassword,
        advice: `${url} refuses the password in ${file}; ${missing}`,
      }
    }
  } catch {
    // There is none, or it is another user's.
  }
  return {
    advice: `${missing}, or PDS_DATA_DIRECTORY to its data folder (there is none in ${file})`,
  }
}
