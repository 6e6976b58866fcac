/** What `headwater setup` asks, in order; each question is an option too. */

export interface Question {
  option: string
  variable: string
  text: string
  /** What an empty answer stands for; undefined if an answer is required, empty for none. */
  fallback(answers: Answers): string | undefined
  /** What an answer that is not empty must look like, and that in words. */
  form?: RegExp
  formText?: string
  /** As it is stored, from how people write it. */
  normalize?(answer: string): string
  /** Whether it is asked, after the answers before it. */
  applies?(answers: Answers): boolean
}

/** Values by variable. */
export type Answers = Readonly<Record<string, string | undefined>>

const list = (text: string) => text.split(',').map((part) => part.trim())

export const questions: readonly Question[] = [
  {
    option: 'hostname',
    variable: 'PDS_HOSTNAME',
    text: 'Public host name of the server, such as pds.example.com',
    fallback: () => undefined,
    normalize: (name) =>
      name
        .toLowerCase()
        .replace(/^https?:\/\//, '')
        .replace(/\/+$/, ''),
  },
  {
    option: 'handle-domains',
    variable: 'PDS_SERVICE_HANDLE_DOMAINS',
    text: 'Domains for handles, with commas between them',
    fallback: ({ PDS_HOSTNAME }) => `.${PDS_HOSTNAME}`,
    normalize: (domains) =>
      list(domains)
        .map((domain) => `.${domain.toLowerCase().replace(/^\*?\./, '')}`)
        .join(','),
  },
  {
    option: 'admin-email',
    variable: 'PDS_CONTACT_EMAIL_ADDRESS',
    text: 'Your mail address, which users of the server see',
    fallback: () => '',
  },
  {
    option: 'smtp-url',
    variable: 'PDS_EMAIL_SMTP_URL',
    text: 'Mail server, smtps://user:password@mail.example.com, or nothing to keep mails as files',
    form: /^smtps?:\/\/./,
    formText: 'an smtp or smtps URL, such as smtps://user:password@mail.example.com',
    fallback: () => '',
  },
  {
    option: 'mail-from',
    variable: 'PDS_EMAIL_FROM_ADDRESS',
    text: 'Sender of mails',
    applies: ({ PDS_EMAIL_SMTP_URL }) => Boolean(PDS_EMAIL_SMTP_URL),
    fallback: ({ PDS_CONTACT_EMAIL_ADDRESS, PDS_HOSTNAME }) =>
      PDS_CONTACT_EMAIL_ADDRESS || `noreply@${PDS_HOSTNAME}`,
  },
  {
    option: 'invites',
    variable: 'PDS_INVITE_REQUIRED',
    text: 'Does an account need an invite code? true or false',
    form: /^(true|false|y|yes|n|no)$/i,
    formText: 'true or false',
    fallback: () => 'true',
    normalize: (answer) =>
      answer
        .toLowerCase()
        .replace(/^y(es)?$/, 'true')
        .replace(/^no?$/, 'false'),
  },
]
