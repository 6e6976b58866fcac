/** The test mail of an operator. */
import { XrpcError } from '#src/errors.ts'
import type { ServerContext } from '#src/gateway/xrpc/server-context.ts'

/** Throws 502 with the mail server's reason, which only operators may see. */
export async function sendTestMail(
  { mailer, service }: Pick<ServerContext, 'mailer' | 'service'>,
  to: string,
): Promise<void> {
  const { serviceName } = service.mail
  const mail = { subject: `Test mail from ${serviceName}`, text: `${serviceName} can send mail.` }
  await mailer.send({ to, ...mail }).catch((error: Error) => {
    const { cause } = error as { cause?: Error }
    throw new XrpcError(502, 'UpstreamFailure', cause?.message ?? error.message)
  })
}
