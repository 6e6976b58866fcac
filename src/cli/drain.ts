/** `headwater drain …`: brings accounts of another server here, each with the consent of its owner. */
import { setTimeout as pause } from 'node:timers/promises'
import { type Command, type Invocation, textOption, UsageError } from '#src/cli/command.ts'
import { drainStatus } from '#src/cli/drain-status.ts'
import {
  domainsOf,
  type Invitee,
  type KnownInvitee,
  listAccountsOf,
  lookUpInvitee,
  readInvitees,
} from '#src/cli/invitees.ts'
import {
  ADMIN,
  findInvites,
  type MailJob,
  type MoveInvite,
  mailInvites,
} from '#src/cli/move-invites.ts'
import { perMinuteOf, perMinuteOption } from '#src/cli/per-minute.ts'
import { createServerClient } from '#src/cli/server-client.ts'
import { serverUrl } from '#src/cli/server-url.ts'
import { inParallel } from '#src/ports/in-parallel.ts'

const AT_ONCE = 4
/** The most that createMoveInvites and deleteMoveInvites take. */
const BATCH = 100
/** A mail server takes fewer mails than a relay takes events. */
const MAX_MAILS_PER_MINUTE = 600

const mailOptions = {
  language: {
    type: 'string',
    value: 'LANGUAGE',
    help: 'Of the mails: en, de, es, fr, ja, ko, pt, ro or sv (default: en)',
  },
  'per-minute': perMinuteOption('mails are sent'),
} as const

const start: Command = {
  name: 'drain start',
  summary: 'Invite accounts of another server to move here',
  details: [
    'The file has a DID or handle on each line, and an email address after it if you know one. Without a file, all active',
    'accounts of the server are invited. Each gets a link, where its owner signs in at the old server and begins the',
    'move. After Ctrl-C or a failure, run the command again: it goes on.',
  ].join('\n'),
  operands: '<old-server> [file]',
  operandCount: [1, 2],
  alwaysShowsProgress: true,
  options: {
    mail: { type: 'boolean', help: 'Send the links to the email addresses in the file' },
    ...mailOptions,
    tenant: { type: 'string', value: 'ID', help: 'Make them accounts of this tenant' },
  },
  async run(invocation) {
    const { operands, server } = invocation
    const [from, file] = [serverUrl(operands[0]!), operands[1]]
    const mails = mailJob(invocation)
    const { names, problems } = await invite(invocation, from, file)
    const isWanted = ({ did, handle }: MoveInvite) => names.has(did) || names.has(handle)
    const all = (await findInvites(server, from)).filter(isWanted)
    const unsent = await mailUnmailed(invocation, mails, all)
    showProblems(invocation, [...problems, ...unsent])
    return all.map(({ handle, did, email, state, url }) => ({ handle, did, email, state, url }))
  },
}

interface Problem {
  account: string
  problem: string
}

/** Invites those that are not invited yet. Returns the names and DIDs of all that are wanted. */
async function invite(
  invocation: Invocation,
  from: string,
  file: string | undefined,
): Promise<{ names: ReadonlySet<string>; problems: Problem[] }> {
  const { server, report } = invocation
  const old = createServerClient(from, undefined)
  const domains = await domainsOf(old)
  const wanted = file === undefined ? await listAccountsOf(old) : readInvitees(file)
  const isInvited = await invitedBefore(server, from)
  const missing = wanted.filter((invitee) => !isInvited(invitee))
  const names = new Set(wanted.map(({ name }) => name))
  const problems: Problem[] = []
  let batch: KnownInvitee[] = []
  const send = async () => {
    const accounts = batch
    batch = []
    if (accounts.length === 0) return
    const tenant = textOption(invocation, 'tenant')
    const input = { server: from, accounts, ...(tenant !== undefined && { tenant }) }
    await server.post(`${ADMIN}.createMoveInvites`, input)
  }
  let done = 0
  await inParallel(missing, AT_ONCE, async (invitee) => {
    try {
      const found = await lookUpInvitee(old, invitee, domains, pause)
      names.add(found.did)
      batch.push(found)
    } catch (error) {
      problems.push({ account: invitee.name, problem: (error as Error).message })
    }
    report(`${++done} of ${missing.length} accounts looked up`)
    if (batch.length >= BATCH) await send()
  })
  await send()
  return { names, problems }
}

/** Whether an account is invited already, and with that email address if one is given. */
async function invitedBefore(
  server: Invocation['server'],
  from: string,
): Promise<(invitee: Invitee) => boolean> {
  const invited = new Map<string, MoveInvite>()
  for (const one of await findInvites(server, from)) {
    invited.set(one.did, one)
    invited.set(one.handle, one)
  }
  return ({ name, email }) => {
    const known = invited.get(name)
    return known !== undefined && (email === undefined || known.email === email)
  }
}

/** Mails the links that were not mailed before, if --mail is given. Returns those that could not be sent. */
async function mailUnmailed(
  { options, report, warn }: Invocation,
  job: MailJob,
  invites: readonly MoveInvite[],
): Promise<Problem[]> {
  const unmailed = invites.filter(({ state, email, mailedAt }) => {
    return state === 'invited' && email !== undefined && mailedAt === undefined
  })
  if (options['mail'] === true) {
    const onMail = (sent: number) => report(`${sent} of ${unmailed.length} mails sent`)
    const unsent = await mailInvites({ ...job, onMail }, unmailed)
    return [...unsent].map(([account, problem]) => ({ account, problem }))
  }
  if (unmailed.length > 0) {
    warn(`accounts with an email address: ${unmailed.length}; with --mail they get their links`)
  }
  return []
}

function showProblems({ warn }: Invocation, problems: readonly Problem[]): void {
  if (problems.length === 0) return
  for (const { account, problem } of problems) warn(`${account}: ${problem}`)
  warn(`accounts with a problem: ${problems.length}; run the command again to try them again`)
  process.exitCode = 1
}

const resend: Command = {
  name: 'drain resend',
  summary: 'Send the links again by email',
  details: 'To the accounts that have an email address, and whose move has not begun.',
  operands: '<old-server> [account...]',
  operandCount: [1, 1_000],
  alwaysShowsProgress: true,
  options: mailOptions,
  async run(invocation) {
    const { operands, server, report } = invocation
    const [from, ...names] = operands
    const found = await findInvites(server, serverUrl(from!), { names, state: 'invited' })
    const invites = found.filter(({ email }) => email !== undefined)
    const onMail = (sent: number) => report(`${sent} of ${invites.length} mails sent`)
    const unsent = await mailInvites({ ...mailJob(invocation), onMail }, invites)
    return invites.map(({ handle, did, email }) => {
      const problem = unsent.get(did)
      return { handle, email, sent: problem === undefined, ...(problem && { problem }) }
    })
  },
}

const cancel: Command = {
  name: 'drain cancel',
  summary: 'Withdraw invitations',
  details: [
    'Their links stop working. A move that has begun goes on: only its owner can cancel it. Without accounts, all',
    'invitations that nobody has used are withdrawn.',
  ].join('\n'),
  operands: '<old-server> [account...]',
  operandCount: [1, 1_000],
  options: { yes: { type: 'boolean', help: 'Confirm that all are withdrawn' } },
  async run({ operands, options, server }) {
    const [from, ...names] = operands
    const only = names.length === 0 ? { state: 'invited' as const } : { names }
    const invites = await findInvites(server, serverUrl(from!), only)
    if (names.length === 0 && options['yes'] !== true) {
      throw new UsageError(`invitations that this withdraws: ${invites.length}; repeat with --yes`)
    }
    for (let i = 0; i < invites.length; i += BATCH) {
      const dids = invites.slice(i, i + BATCH).map(({ did }) => did)
      await server.post(`${ADMIN}.deleteMoveInvites`, { dids })
    }
    return { withdrawn: invites.length }
  },
}

function mailJob(invocation: Invocation): MailJob {
  const perMinute = perMinuteOf(invocation, MAX_MAILS_PER_MINUTE)
  const language = textOption(invocation, 'language') ?? 'en'
  return { server: invocation.server, perMinute, language, pause, onMail() {} }
}

export const drainCommands: readonly Command[] = [start, drainStatus, resend, cancel]
