/** The texts of the pages on moving to and from other servers in Spanish. */
import type { MoveTexts } from '#src/gateway/pages/move/locales/en.ts'

export const es: MoveTexts = {
  moveHere: 'Traslada tu cuenta aquí',
  moveHereHelp:
    'Tus seguidores, publicaciones, imágenes y ajustes te acompañan. En tu servidor anterior no cambia nada hasta el último paso.',
  accountNow: 'Tu cuenta actual',
  identifier: 'Nombre de usuario',
  oldPassword: 'Contraseña en tu servidor anterior',
  oldPasswordHelp:
    'La contraseña de la cuenta, no una contraseña de aplicación. Solo se envía a ese servidor y no se guarda.',
  factorCode: 'Código de inicio de sesión de ese servidor',
  factorHelp: 'Solo si ese servidor te envía un código por correo al iniciar sesión.',
  accountHere: 'Tu cuenta aquí',
  name: 'Nombre',
  domain: 'Dominio',
  keepHandle: 'Mi propio dominio: conservar mi nombre',
  email: 'Correo electrónico',
  newPassword: 'Contraseña nueva para este servidor',
  passwordHelp: 'Al menos 8 caracteres.',
  inviteCode: 'Código de invitación',
  start: 'Empezar el traslado',
  noAccountYet: 'Crear una cuenta nueva',
  haveBegun: 'Ya he empezado: continuar',
  inviteLead:
    'Tu cuenta @{handle} de {server} está invitada a mudarse aquí. Tus seguidores, publicaciones, imágenes y ajustes vienen contigo.',
  inviteGone: 'Este enlace ya no es válido. Pide uno nuevo a quien te lo dio.',
  inviteEmailHelp: 'Si lo dejas vacío, se usa la dirección de tu servidor anterior.',
  mailSubject: 'Muda tu cuenta @{handle} a {here}',
  mailText:
    'Tu cuenta @{handle} de {server} está invitada a mudarse a {here}, con sus seguidores, publicaciones e imágenes. Abre este enlace y ten a mano tu contraseña de {server}:',
  mailAfter:
    'En {server} no cambia nada hasta que confirmes la mudanza. Si no quieres mudarte, ignora este correo.',
  noSuchAccount: 'No se ha encontrado esta cuenta. Comprueba el nombre de usuario.',
  existsHere:
    'Esta cuenta ya existe en este servidor. Inicia sesión con tu contraseña de aquí y abre «Trasladar».',
  alreadyHere: 'La identidad de esta cuenta ya indica este servidor.',
  wrongPassword: 'La contraseña es incorrecta.',
  codeNeeded:
    'Ese servidor te ha enviado un código por correo. Escríbelo, y la contraseña otra vez.',
  badServer: 'Este servidor no se puede usar: {reason}',
  importsClosed: 'Este servidor no acepta cuentas de otros servidores.',
  passwordShort: 'La contraseña necesita al menos 8 caracteres.',
  moveAway: 'Trasladar a otro servidor',
  moveAwayHelp:
    'Conservas tus seguidores, publicaciones e imágenes. Primero se copia tu cuenta, sin que nadie lo note. Solo se traslada cuando lo confirmas con un código.',
  newServer: 'Dirección del servidor nuevo',
  newServerHelp:
    'Por ejemplo, pds.example.com. Pregunta allí si necesitas un código de invitación.',
  next: 'Siguiente',
  accountAt: 'Tu cuenta en {server}',
  passwordThere: 'Contraseña para el servidor nuevo',
  otherServer: 'Elegir otro servidor',
  bringBack: 'Volver a este servidor',
  bringBackHelp: 'Tu cuenta está ahora en {server}. Sus datos se copian de vuelta aquí.',
  movingTo: 'Traslado a {server}',
  movingFrom: 'Traslado desde {server}',
  leaveOpen: 'Puedes cerrar esta página. La copia continúa y la encontrarás aquí.',
  stepRepo: 'Publicaciones y otros registros',
  stepBlobs: 'Imágenes y otros archivos',
  stepPreferences: 'Ajustes de tus aplicaciones',
  stepIdentity: 'Identidad (DID)',
  stepActivate: 'Activar en el servidor nuevo',
  stepDeactivate: 'Desactivar en el servidor anterior',
  nOf: '{n} de {total}',
  done: 'Hecho',
  now: 'En curso',
  yourTurn: 'Te toca a ti',
  stopped: 'Detenido',
  skipped: 'No copiado',
  missing: 'No se han podido copiar {n} archivos',
  missingHelp:
    'El servidor anterior ya no los tiene, o el nuevo no los acepta. Si continúas, tus publicaciones se quedan sin estos archivos.',
  noPreferences: 'Uno de los servidores no guarda ajustes de aplicaciones.',
  stoppedBecause: 'El traslado se ha detenido: {reason}',
  continue: 'Continuar',
  sessionOver: 'Tu sesión en {server} ha terminado. Escribe tu contraseña de allí para continuar.',
  passwordAt: 'Contraseña en {server}',
  confirmTitle: 'Confirmar el traslado',
  confirmHelp:
    'Todo está copiado. Para trasladar tu identidad, escribe el código que {server} te envía por correo. Después tu cuenta estará activa en el servidor nuevo y desactivada en el anterior.',
  sendCode: 'Enviar el código',
  codeSent: '{server} ha enviado un código a tu correo.',
  code: 'Código del correo',
  wrongCode: 'El código es incorrecto o ha caducado.',
  moveNow: 'Trasladar ahora',
  copyAgain: 'Copiar otra vez',
  ownDidTitle: 'Cambia tu documento DID',
  ownDidHelp:
    'Tu identidad es un did:web, que solo tú puedes cambiar. Publica estos valores en su documento y después continúa.',
  signingKey: 'Clave de firma',
  endpoint: 'Dirección del PDS',
  published: 'Lo he publicado',
  cancel: 'Cancelar el traslado',
  cancelIn:
    'En tu servidor anterior no ha cambiado nada. Una cuenta que es nueva aquí se borra en un plazo de tres días.',
  cancelOut:
    'La copia en {server} se queda allí, desactivada. En este servidor no ha cambiado nada.',
  doneIn: 'Tu cuenta está ahora en este servidor',
  doneInHelp:
    'Vuelve a iniciar sesión en tus aplicaciones, como {handle} y con la contraseña de este servidor. En {server} tu cuenta está desactivada; puedes eliminarla allí.',
  doneOut: 'Tu cuenta está ahora en {server}',
  doneOutHelp:
    'Vuelve a iniciar sesión en tus aplicaciones con la contraseña de ese servidor. Aquí tu cuenta está desactivada. Cuando todo funcione allí, puedes eliminar esta copia.',
  deleteCopy: 'Eliminar esta copia',
  close: 'Cerrar',
}
