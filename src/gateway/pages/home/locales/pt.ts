/** The texts of the landing page, the status and the pages beside them in Portuguese. */
import type { HomeTexts } from '#src/gateway/pages/home/locales/en.ts'

export const pt: HomeTexts = {
  signIn: 'Entrar',
  yourAccount: 'Sua conta',
  signUp: 'Criar conta',
  moveHere: 'Migrar uma conta para cá',
  byInvite: 'Para criar uma conta, você precisa de um código de convite.',
  about:
    'Uma conta daqui funciona em todos os aplicativos do AT Protocol. O que você publica e quem você segue são seus: você pode mudar de servidor quando quiser.',
  handles: 'Seu nome aqui',
  handlesHelp:
    'As contas deste servidor têm nomes assim. Você também pode usar um domínio próprio.',
  you: 'voce',
  contact: 'Contato',
  status: 'Estado',
  home: 'Início',
  works: 'Tudo funciona',
  fails: 'Algo não funciona',
  failsHelp:
    'Se este servidor é monitorado, o operador já foi avisado. Tente de novo em alguns minutos.',
  worksPart: 'Funciona',
  failsPart: 'Não funciona',
  signingIn: 'Entrada',
  writing: 'Publicações e outras alterações',
  files: 'Imagens e arquivos',
  network: 'Entrega aos aplicativos',
  accountHere: 'tem uma conta neste servidor.',
  did: 'Identificador permanente (DID)',
  openProfile: 'Abrir o perfil no Bluesky',
  isYou: 'É você?',
  noAccount: 'Nenhuma conta tem este nome',
  noAccountHelp: 'Não há conta {handle} neste servidor.',
  notFound: 'Página não encontrada',
  notFoundHelp: 'Não há nada neste endereço. O link pode ser antigo ou estar errado.',
  broken: 'Algo deu errado',
  brokenHelp: 'Não foi possível mostrar a página. Tente de novo em instantes.',
}
