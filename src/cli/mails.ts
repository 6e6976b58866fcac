/** `headwater mail test`: sends a mail through the server, to see whether it arrives. */
import type { Command } from '#src/cli/command.ts'

const test: Command = {
  name: 'mail test',
  summary: 'Send a test mail',
  operands: '<email>',
  operandCount: [1, 1],
  details: 'Through the mail server in PDS_EMAIL_SMTP_URL; fails with its reason.',
  run: ({ server, operands }) => server.post('_admin/test-mail', { to: operands[0]! }),
}

export const mailCommands: readonly Command[] = [test]
