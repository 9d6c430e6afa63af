"""What the demo company's names and products are made of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    country: str
    time_zone: str
    legal_form: str
    language: str
    towns: tuple[str, ...]


PLACES = (
    Place("DE", "Europe/Berlin", "GmbH", "de", ("Lübeck", "Kassel", "Ulm", "Bremen", "Jena", "Aachen", "Siegen")),
    Place("GB", "Europe/London", "Ltd", "en", ("Leeds", "Derby", "Hull", "Bristol", "Coventry", "Stoke")),
    Place("FR", "Europe/Paris", "SAS", "fr", ("Lyon", "Nantes", "Lille", "Metz", "Dijon", "Tours")),
    Place("NL", "Europe/Amsterdam", "BV", "nl", ("Breda", "Zwolle", "Arnhem", "Delft", "Venlo")),
    Place("IT", "Europe/Rome", "Srl", "it", ("Brescia", "Modena", "Padova", "Bergamo", "Parma")),
    Place("PL", "Europe/Warsaw", "Sp. z o.o.", "pl", ("Gdynia", "Tychy", "Opole", "Lublin")),
    Place("US", "America/Chicago", "Inc", "en", ("Dayton", "Akron", "Peoria", "Racine", "Tulsa")),
    Place("US", "America/New_York", "LLC", "en", ("Albany", "Reading", "Buffalo", "Lowell")),
    Place("SE", "Europe/Stockholm", "AB", "sv", ("Borås", "Gävle", "Lund", "Umeå")),
    Place("JP", "Asia/Tokyo", "KK", "ja", ("Nagano", "Fukui", "Gifu")),
)

SUPPLIER_TRADES = (
    "Bearings", "Castings", "Fasteners", "Hydraulics", "Seals", "Precision", "Drives", "Wire Works", "Polymers",
    "Tooling", "Forgings", "Components", "Pneumatics", "Springs", "Coatings", "Instruments",
)  # fmt: skip
CUSTOMER_TRADES = (
    "Works", "Machine Service", "Industrial Supply", "Maintenance", "Pumps", "Conveyors", "Agri Parts", "Lifts",
    "Packaging", "Marine", "Printing", "Bakery Systems", "Water", "Rail Service", "Workshop", "Automation",
)  # fmt: skip
FAMILIES = (
    "Almgren", "Bauer", "Castelli", "Dekker", "Eriksson", "Fournier", "Grant", "Hartmann", "Ivers", "Jansen",
    "Keller", "Lambert", "Moretti", "Nowak", "Osborne", "Petit", "Quinn", "Rossi", "Sato", "Thorne", "Ulrich",
    "Verhoeven", "Whitfield", "Yamada", "Zielinski", "Bergström", "Carver", "Doyle", "Ferrari", "Holt",
)  # fmt: skip


@dataclass(frozen=True)
class Family:
    """Products of one kind: `{}` in the name is replaced by a size. Costs in euros for the smallest size;
    lead times in days."""

    category: str
    prefix: str
    name: str
    unit: str
    sizes: tuple[str, ...]
    cost: float
    lead: tuple[int, int]


PRODUCTS = (
    Family("Bearings", "BRG", "Deep groove ball bearing {}", "ea",
           tuple(f"{series}{bore:02}{seal}" for series in ("60", "62", "63") for bore in range(11)
                 for seal in ("-2RS", "-ZZ")), 1.4, (14, 35)),
    Family("Bearings", "TRB", "Tapered roller bearing {}", "ea",
           tuple(f"302{bore:02}" for bore in range(3, 19)) + tuple(f"322{bore:02}" for bore in range(5, 19)),
           6.2, (21, 49)),
    Family("Fasteners", "HXB", "Hex bolt {}, zinc plated", "box",
           tuple(f"M{size} x {length}" for size in (6, 8, 10, 12, 16)
                 for length in (20, 25, 30, 40, 50, 60, 80, 100)),
           7.5, (7, 21)),
    Family("Fasteners", "NUT", "Lock nut {}", "box",
           tuple(f"M{size} {grade}" for size in (5, 6, 8, 10, 12, 16, 20) for grade in ("A2", "A4", "8.8")),
           4.1, (7, 21)),
    Family("Hydraulics", "HOS", "Hydraulic hose {}", "m",
           tuple(f"DN{bore} {kind}" for bore in (6, 8, 10, 12, 16, 20, 25, 32) for kind in ("1SN", "2SN", "4SP")),
           3.8, (14, 30)),
    Family("Hydraulics", "CYL", "Hydraulic cylinder {} mm", "ea",
           tuple(f"{bore}/{rod} x {stroke}" for bore, rod in ((32, 18), (40, 22), (50, 28), (63, 36), (80, 45))
                 for stroke in (100, 200, 300, 400, 500)), 64.0, (28, 63)),
    Family("Seals", "ORG", "O-ring set {}", "set",
           tuple(f"{material} {width}" for material in ("NBR", "FKM", "EPDM", "VMQ")
                 for width in ("1.5 mm", "2 mm", "2.5 mm", "3 mm", "4 mm", "5 mm")), 8.9, (7, 21)),
    Family("Seals", "RSS", "Rotary shaft seal {}", "ea",
           tuple(f"{inner}x{inner + 15}x7" for inner in range(15, 75, 2)), 2.1, (10, 28)),
    Family("Drives", "VBT", "V-belt {}", "ea",
           tuple(f"{profile} {length}" for profile in ("SPA", "SPB", "SPZ") for length in range(800, 2400, 80)),
           5.6, (10, 24)),
    Family("Drives", "GMT", "Geared motor {}", "ea",
           tuple(f"{power} kW i={ratio}" for power in ("0.18", "0.37", "0.75", "1.5", "2.2")
                 for ratio in (10, 20, 40, 60, 80, 100)), 148.0, (28, 70)),
    Family("Pneumatics", "VLV", "Solenoid valve {}", "ea",
           tuple(f"{ways} {thread} {volt} V" for ways in ("3/2", "5/2", "5/3")
                 for thread in ("G1/8", "G1/4", "G1/2")
                 for volt in (24, 230)), 31.0, (14, 42)),
    Family("Raw material", "CUW", "Copper wire {}", "kg",
           tuple(f"{size} mm" for size in ("0.5", "0.8", "1.0", "1.5", "2.5", "4.0", "6.0")), 11.2, (14, 35)),
    Family("Raw material", "GRS", "Bearing grease {}", "kg",
           ("EP0", "EP1", "EP2", "food grade", "high temperature", "low noise"), 6.9, (7, 21)),
    Family("Instruments", "PRG", "Pressure gauge {}", "ea",
           tuple(f"{span} bar, {size} mm" for span in (6, 10, 16, 25, 60, 100, 250) for size in (63, 100, 160)),
           14.5, (14, 28)),
    Family("Conveying", "ROL", "Conveyor roller {} mm", "ea",
           tuple(f"{diameter} x {length}" for diameter in (50, 60, 80)
                 for length in (200, 300, 400, 500, 600, 700, 800, 1000)),
           9.8, (14, 35)),
)  # fmt: skip
