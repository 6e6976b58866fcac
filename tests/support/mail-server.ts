/** An SMTP server on a free port, which keeps the mails that it receives. */
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

export interface ReceivedMail {
  from: string
  to: string[]
  /** The message as received, with headers. */
  text: string
}

export interface MailServer {
  url: string
  mails: ReceivedMail[]
  /** Rejects every mail from now on, or accepts them again. */
  refuse(refuses: boolean): void
  close(): Promise<void>
}

/** With `user`, senders must log in as `user` with the password `secret`. */
export async function startMailServer({ user }: { user?: string } = {}): Promise<MailServer> {
  const mails: ReceivedMail[] = []
  let isRefusing = false
  const server = new SMTPServer({
    disabledCommands: user === undefined ? ['STARTTLS', 'AUTH'] : ['STARTTLS'],
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) => {
      if (username === user && password === 'secret') done(null, { user })
      else done(new Error('Invalid login'))
    },
    onData: (stream, { envelope }, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        if (isRefusing) return done(new Error('No room'))
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
        const to = envelope.rcptTo.map(({ address }) => address)
        mails.push({ from, to, text: readable(Buffer.concat(chunks).toString()) })
        done()
      })
    },
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  const login = user === undefined ? '' : `${user}:secret@`
  return {
    url: `smtp://${login}127.0.0.1:${port}`,
    mails,
    refuse: (refuses) => {
      isRefusing = refuses
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** The code in the last mail to an address; undefined if there is none. */
export function lastCode({ mails }: MailServer, to: string): string | undefined {
  const mail = mails.findLast((one) => one.to.includes(to))
  return /^([A-Z2-7]{5}-[A-Z2-7]{5})\r?$/m.exec(mail?.text ?? '')?.[1]
}

/** Undoes the soft line breaks and `=3D` of quoted-printable. */
function readable(message: string): string {
  return message.replace(/=\r\n/g, '').replace(/=3D/g, '=')
}
