/** Sends mail over SMTP, or writes it to a folder if no mail server is configured. */
import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createTransport } from 'nodemailer'
import { XrpcError } from '#src/errors.ts'
import type { Log } from '#src/log.ts'
import type { Clock } from '#src/ports/clock.ts'

export interface Mail {
  to: string
  subject: string
  text: string
  html?: string
}

export interface Mailer {
  send(mail: Mail): Promise<void>
  /** Connects and logs in without sending anything. Rejects with the reason. */
  check(): Promise<void>
  /** If mails are written to files and not sent. */
  readonly folder?: string
}

// Milliseconds; parameters of the operator's URL override them.
const timeouts = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 }
// User input must never be read as a file name or URL.
const restrictions = { disableFileAccess: true, disableUrlAccess: true }

/**
 * `url` is a nodemailer URL, for example `smtps://user:password@mail.example.com`. Failures are logged and thrown as
 * 502 UpstreamFailure.
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
  const transport = createTransport({ url, ...timeouts, ...restrictions }, { from })
  return {
    async send({ to, ...mail }) {
      try {
        await transport.sendMail({ ...mail, to: toAddress(to) })
      } catch (error) {
        const { code, command, responseCode, message } = error as NodeJS.ErrnoException &
          SmtpFailure
        log.error({ code, command, responseCode, reason: message }, 'sending mail failed')
        const failure = new XrpcError(502, 'UpstreamFailure', 'The mail could not be sent')
        throw Object.assign(failure, { cause: error })
      }
    },
    check: async () => void (await transport.verify()),
  }
}

interface SmtpFailure {
  command?: string
  responseCode?: number
}

const MAX_FILES = 1000

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
  const options = { streamTransport: true, buffer: true, ...restrictions } as const
  const transport = createTransport(options, { from })
  return {
    folder,
    check: async () => {},
    async send({ to, ...mail }) {
      const date = new Date(clock.now())
      const { message } = await transport.sendMail({ ...mail, date, to: toAddress(to) })
      const name = `${date.toISOString().replaceAll(':', '-')}-${randomUUID().slice(0, 8)}.eml`
      const path = join(folder, name)
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await writeFile(path, message as Buffer, { mode: 0o600 })
      log.info({ file: path }, 'mail written to a file: no mail server is configured')
      await deleteOldest(folder)
    },
  }
}

// File names start with the time.
async function deleteOldest(folder: string): Promise<void> {
  const mails = (await readdir(folder)).filter((name) => name.endsWith('.eml')).sort()
  for (const name of mails.slice(0, -MAX_FILES)) await rm(join(folder, name), { force: true })
}

// nodemailer would parse a string as a list of addresses.
function toAddress(address: string): { name: string; address: string } {
  return { name: '', address }
}
