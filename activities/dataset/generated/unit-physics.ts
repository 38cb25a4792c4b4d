/** One-formula physics with units and powers of ten; the unit of the answer is stated in the text. */
import type { Random } from '../random.ts';
import type { Problem } from './problem.ts';

interface Quantity {
  readonly text: string;
  readonly value: number;
  readonly unit: string;
}

const templates: readonly ((random: Random) => Quantity)[] = [
  (random) => {
    const [speed, time] = [random.between(12, 90), random.between(2, 45)];
    return {
      text: `A train moves at a constant speed of ${speed} m/s for ${time} minutes. Which distance does it cover?`,
      value: (speed * time * 60) / 1000,
      unit: 'km',
    };
  },
  (random) => {
    const [mass, speed] = [random.between(2, 90), random.between(3, 40)];
    return {
      text: `A body with a mass of ${mass} kg moves at ${speed} m/s. What is its kinetic energy?`,
      value: (0.5 * mass * speed ** 2) / 1000,
      unit: 'kJ',
    };
  },
  (random) => {
    const [voltage, resistance] = [random.between(3, 48), random.between(2, 80) * 100];
    return {
      text: `A voltage of ${voltage} V is applied to a resistor of ${resistance} ohm. What is the electric current?`,
      value: (voltage / resistance) * 1000,
      unit: 'mA',
    };
  },
  (random) => {
    const [mass, side] = [random.between(2, 60), random.between(4, 30)];
    return {
      text: `A cube of metal has an edge length of ${side} cm and a mass of ${mass} kg. What is its density?`,
      value: mass / (side / 100) ** 3,
      unit: 'kg/m^3',
    };
  },
  (random) => {
    const [mass, start, end, time] = [
      random.between(500, 2200),
      random.between(0, 10),
      random.between(12, 40),
      random.between(3, 15),
    ];
    return {
      text: `A car of mass ${mass} kg accelerates from ${start} m/s to ${end} m/s in ${time} s. What net force acts on it on average?`,
      value: (mass * (end - start)) / time,
      unit: 'N',
    };
  },
  (random) => {
    const [force, area] = [random.between(20, 900), random.between(2, 60)];
    return {
      text: `A force of ${force} N presses evenly on an area of ${area} cm^2. What is the pressure?`,
      value: force / (area * 1e-4) / 1000,
      unit: 'kPa',
    };
  },
  (random) => {
    const [mass, height, time] = [random.between(20, 400), random.between(3, 60), random.between(4, 60)];
    return {
      text: `A crane lifts a load of ${mass} kg through ${height} m in ${time} s (g = 9.81 m/s^2). What is its mean power?`,
      value: (mass * 9.81 * height) / time,
      unit: 'W',
    };
  },
  (random) => {
    const [volume, rise] = [random.between(2, 40) / 4, random.between(8, 75)];
    return {
      text: `${volume} litres of water are warmed by ${rise} K (specific heat 4.19 kJ/(kg K), density 1 kg per litre). How much heat is needed?`,
      value: volume * 4.19 * rise,
      unit: 'kJ',
    };
  },
  (random) => {
    const [speed, frequency] = [random.pick([340, 1480, 3e8]), random.between(2, 90)];
    const unit = speed > 1e6 ? 'MHz' : 'kHz';
    const hertz = frequency * (speed > 1e6 ? 1e6 : 1e3);
    return {
      text: `A wave travels at ${speed} m/s with a frequency of ${frequency} ${unit}. What is its wavelength?`,
      value: (speed / hertz) * 100,
      unit: 'cm',
    };
  },
  (random) => {
    const [power, hours] = [random.between(40, 2400), random.between(2, 48)];
    return {
      text: `An electric device with a power of ${power} W runs for ${hours} hours. How much energy does it use?`,
      value: (power * hours * 3600) / 1e6,
      unit: 'MJ',
    };
  },
];

/** Digits of the gold; answers within 2 % are right. */
const significantDigits = 5;

export function unitPhysics(random: Random): Problem {
  const { text, value, unit } = random.pick(templates)(random);
  return {
    text: `Physics: ${text} Give the value in ${unit}.`,
    gold: {
      kind: 'number',
      value: String(Number(value.toPrecision(significantDigits))),
      unit,
      relativeTolerance: 0.02,
    },
  };
}
