/** `headwater account create`: creates an account, or those in a file. */
import { readAccounts } from '#src/cli/account-file.ts'
import {
  type Command,
  type Invocation,
  integerOption,
  requiredOption,
  secretOption,
  textOption,
  UsageError,
} from '#src/cli/command.ts'
import { createAccount } from '#src/cli/create-account.ts'
import { createAccounts } from '#src/cli/create-accounts.ts'

export const createCommand: Command = {
  name: 'account create',
  summary: 'Create an account, or those in a file',
  details: [
    'With --from, each line of the file is a JSON object with handle and, optional, email, password, inviteCode and',
    'recoveryKey. Prints a line of JSON for each account, with its DID and a generated password. If the command is',
    'interrupted or some accounts fail, run it again: accounts that exist are skipped.',
  ].join('\n'),
  alwaysShowsProgress: true,
  options: {
    handle: { type: 'string', value: 'HANDLE', help: 'Handle, for example alice.example.com' },
    email: { type: 'string', value: 'EMAIL', help: 'Email address (default: none)' },
    password: {
      type: 'string',
      value: 'PASSWORD',
      help: 'Password, or - for standard input (default: random, and printed)',
    },
    invite: {
      type: 'string',
      value: 'CODE',
      help: 'Invite code to use up (default: none, also if the server requires one)',
    },
    from: { type: 'string', value: 'FILE', help: 'File with a JSON object for each account' },
    concurrency: {
      type: 'string',
      value: 'N',
      help: 'With --from: accounts created at a time, 1 to 64 (default: 8)',
    },
  },
  async run(invocation) {
    const file = textOption(invocation, 'from')
    if (file !== undefined) return createFrom(invocation, file)
    const { server } = invocation
    const [handle, email, inviteCode] = [
      requiredOption(invocation, 'handle'),
      textOption(invocation, 'email'),
      textOption(invocation, 'invite'),
    ]
    const password = await secretOption(invocation, 'password')
    const given = { handle, email, inviteCode, password }
    const account = Object.fromEntries(Object.entries(given).filter(([, value]) => value))
    return createAccount(server, account as { handle: string })
  },
}

async function createFrom(invocation: Invocation, file: string): Promise<void> {
  const { server, options, report, print } = invocation
  for (const name of ['handle', 'email', 'password', 'invite']) {
    if (options[name] !== undefined) throw new UsageError(`--${name} and --from exclude each other`)
  }
  const concurrency = integerOption(invocation, 'concurrency', 8)
  if (concurrency < 1 || concurrency > 64) throw new UsageError('--concurrency must be 1 to 64')
  const entries = readAccounts(file)
  let isStopped = false
  // The passwords of accounts that are being created would be lost.
  process.once('SIGINT', () => {
    isStopped = true
  })
  const { created, skipped, failed } = await createAccounts(
    {
      server,
      concurrency,
      isStopped: () => isStopped,
      onResult(result, counts) {
        print(JSON.stringify(result))
        report(
          `${counts.created} created, ${counts.skipped} skipped, ${counts.failed} failed of ${entries.length}`,
        )
      },
    },
    entries,
  )
  if (failed > 0) throw new Error(`${failed} of ${entries.length} accounts were not created`)
  if (created + skipped < entries.length) throw new Error('interrupted; run it again to continue')
}
