// The task: from a list of whole numbers, its primes in order. Words of the errors are those of the explorer.

/** The numbers of a text such as "4 7, 11 2"; an Error says what is wrong with it. */
function readNumbers(text, { largest, longest }) {
  const words = text.replaceAll(",", " ").split(/\s+/).filter(Boolean);
  if (!words.every((word) => /^[0-9]+$/.test(word) && 1 <= Number(word) && Number(word) <= largest)) {
    throw new Error(`type whole numbers from 1 to ${largest}, not '${text}'`);
  }
  if (words.length < 1 || words.length > longest) {
    throw new Error(`type 1 to ${longest} tokens; these are ${words.length}`);
  }
  return words.map(Number);
}

function isPrime(number) {
  for (let divisor = 2; divisor * divisor <= number; divisor++) {
    if (number % divisor === 0) return false;
  }
  return number > 1;
}

/** The right answer, its end counted as a token. */
const rightAnswer = (values, { eos }) => [...values.filter(isPrime), eos];

/** Between 1 and `most` numbers, uniform as in training. */
function randomSource({ largest, longest }, most = longest) {
  const upTo = (n) => 1 + Math.floor(Math.random() * n);
  return Array.from({ length: upTo(most) }, () => upTo(largest));
}
