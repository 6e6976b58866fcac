/** The texts of the landing page, the status and the pages beside them in Spanish. */
import type { HomeTexts } from '#src/gateway/pages/home/locales/en.ts'

export const es: HomeTexts = {
  signIn: 'Iniciar sesión',
  yourAccount: 'Tu cuenta',
  signUp: 'Crear cuenta',
  moveHere: 'Trasladar una cuenta aquí',
  byInvite: 'Para crear una cuenta necesitas un código de invitación.',
  about:
    'Una cuenta de aquí funciona en todas las aplicaciones de AT Protocol. Lo que publicas y a quién sigues es tuyo: puedes mudarte a otro servidor cuando quieras.',
  handles: 'Tu nombre aquí',
  handlesHelp: 'Así se llaman las cuentas de este servidor. También puedes usar un dominio propio.',
  you: 'tu',
  contact: 'Contacto',
  status: 'Estado',
  home: 'Inicio',
  works: 'Todo funciona',
  fails: 'Algo no funciona',
  failsHelp:
    'Si este servidor está vigilado, ya se ha avisado al operador. Vuelve a intentarlo en unos minutos.',
  worksPart: 'Funciona',
  failsPart: 'No funciona',
  signingIn: 'Inicio de sesión',
  writing: 'Publicaciones y otros cambios',
  files: 'Imágenes y archivos',
  network: 'Entrega a las aplicaciones',
  accountHere: 'tiene una cuenta en este servidor.',
  did: 'Identificador permanente (DID)',
  openProfile: 'Abrir el perfil en Bluesky',
  isYou: '¿Eres tú?',
  noAccount: 'Ninguna cuenta tiene este nombre',
  noAccountHelp: 'No hay ninguna cuenta {handle} en este servidor.',
  notFound: 'Página no encontrada',
  notFoundHelp:
    'No hay nada en esta dirección. Puede que el enlace sea antiguo o esté mal escrito.',
  broken: 'Algo ha fallado',
  brokenHelp: 'No se ha podido mostrar la página. Vuelve a intentarlo en un momento.',
}
