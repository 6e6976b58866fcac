import { expect, it } from 'vitest'
import { type MailKind, writeMail } from '#src/gateway/mails.ts'

const terms = { serviceName: 'pds.example.com PDS', confirmationLink: true }
const params = { token: 'ABCDE-FGHIJ', handle: 'alice.test' }

const subjects: Record<MailKind, string> = {
  confirmEmail: 'Email Confirmation',
  updateEmail: 'Email Update Requested',
  resetPassword: 'Password Reset Requested',
  deleteAccount: 'Account Deletion Requested',
  plcOperation: 'PLC Update Operation Requested',
  signIn: 'Sign In Code',
  codesByMail: 'Sign In Codes Requested',
}

it.each(Object.entries(subjects) as [MailKind, string][])(
  'the email %s has its code on a line of its own, and names the service',
  (kind, subject) => {
    const mail = writeMail(kind, params, terms)
    expect(mail.subject).toBe(subject)
    expect(mail.text.split('\n')).toContain('ABCDE-FGHIJ')
    expect(mail.html).toContain('<pre>ABCDE-FGHIJ</pre>')
    for (const form of [mail.text, mail.html]) {
      expect(form).toContain('15 minutes')
      expect(form).toContain('pds.example.com PDS')
    }
  },
)

it('the confirmation email has a link, unless the operator turns it off', () => {
  const link = 'https://bsky.app/intent/verify-email?code=ABCDE-FGHIJ'
  const mail = writeMail('confirmEmail', params, terms)
  expect(mail.text).toContain(link)
  expect(mail.html).toContain(`<a href="${link}">`)
  const without = writeMail('confirmEmail', params, { ...terms, confirmationLink: false })
  expect(without.text).not.toContain('https:')
  expect(without.html).not.toContain('https:')
})

it('a handle is escaped in HTML emails', () => {
  const mail = writeMail('resetPassword', { ...params, handle: '<b>&"' }, terms)
  expect(mail.text).toContain('@<b>&"')
  expect(mail.html).not.toContain('<b>')
})
