/** Sending mail: over SMTP, or, where there is none, into a folder that a developer can look into. */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { XrpcError } from '#src/errors.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'

export interface Mail {
  /** One address. */
  to: string
  subject: string
  text: string
  html?: string
}

export interface Mailer {
  /** Resolves when the mail was handed over. Rejects where it could not be. */
  send(mail: Mail): Promise<void>
}

/** Longest wait for a mail server at each step; the operator's URL may say otherwise. */
const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 }
/** What people write in is never taken for the name of a file or for a URL to read. */
const careful = { disableFileAccess: true, disableUrlAccess: true }

/**
 * Sends over SMTP: `url` is for example `smtps://user:password@mail.example.com`, as nodemailer reads it. What fails is
 * logged, and becomes 502 UpstreamFailure.
 */
export function smtpMailer({
  url,
  from,
  log,
}: {
  url: string
  from: string
  log: Pick<Log, 'error'>
}): Mailer {
  const transport = createTransport({ url, ...timeouts, ...careful }, { from })
  return {
    async send({ to, ...mail }) {
      try {
        await transport.sendMail({ ...mail, to: addressed(to) })
      } catch (error) {
        const { code, command, responseCode, message } = error as NodeJS.ErrnoException & Refusal
        log.error({ code, command, responseCode, reason: message }, 'a mail could not be sent')
        throw new XrpcError(502, 'UpstreamFailure', 'The mail could not be sent')
      }
    },
  }
}

/** What nodemailer's errors say of the mail server's answer. */
interface Refusal {
  command?: string
  responseCode?: number
}

/** Mails that are kept in a folder: the newest ones. */
const MAX_FILES = 1000

/** Keeps each mail as an `.eml` file in `folder`, for this user only, and logs its path: never what it says. */
export function folderMailer({
  folder,
  from,
  clock,
  log,
}: {
  folder: string
  from: string
  clock: Clock
  log: Pick<Log, 'info'>
}): Mailer {
  const options = { streamTransport: true, buffer: true, ...careful } as const
  const transport = createTransport(options, { from })
  return {
    async send({ to, ...mail }) {
      const date = new Date(clock.now())
      const { message } = await transport.sendMail({ ...mail, date, to: addressed(to) })
      const name = `${date.toISOString().replaceAll(':', '-')}-${randomUUID().slice(0, 8)}.eml`
      const path = join(folder, name)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeFile(path, message as Buffer, { mode: 0o600 })
      log.info({ file: path }, 'no mail server is configured: the mail is in this file')
      await forgetOldest(folder)
    },
  }
}

/** Their names begin with their times. */
async function forgetOldest(folder: string): Promise<void> {
  const mails = (await readdir(folder)).filter((name) => name.endsWith('.eml')).sort()
  for (const name of mails.slice(0, -MAX_FILES)) await rm(join(folder, name), { force: true })
}

/** As an object: text might be read as a list of addresses. */
function addressed(address: string): { name: string; address: string } {
  return { name: '', address }
}
