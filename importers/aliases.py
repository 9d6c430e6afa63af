"""What columns are called in the wild: exports of SAP, Oracle, Odoo, ERPNext and frePPLe, and six languages.

Comparison ignores case, accents, spaces and punctuation (columns.py), so each name stands here once.
A name after `~` is weak: it is only taken when no column claims the field by a name that is sure.
"""

from __future__ import annotations


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for line in text.splitlines() for name in line.split(";") if name.strip())


SKU = _names("""
    SKU; SKU code; item code; item number; item no; item id; item ref; product code; product number
    product id; product ref; part number; part no; part id; P/N; PN; material; material number
    material no; material code; MATNR; article; article number; article no; article code; stock code
    stock item; internal reference; product/internal reference; product variant; default_code
    product_id; INVENTORY_ITEM; ITEM_NUMBER; ~SEGMENT1; Artikel; Artikelnummer; Artikel-Nr; Art.-Nr.
    ArtNr; Materialnummer; Material-Nr.; Materialnr; Teilenummer; Produktnummer; Sachnummer
    référence article; réf. article; code article; numéro article; n° article; référence produit
    code produit; référence interne; artículo; código de artículo; código artículo; código de producto
    código producto; referencia interna; número de artículo; nº artículo; número de pieza; articolo
    codice articolo; codice prodotto; codice materiale; cod. articolo; riferimento interno; 品番
    品目コード; 品目; 商品コード; 商品番号; 製品コード; 製品番号; 部品番号; 型番; 資材コード; ~item
    ~product; ~part; ~produkt; ~produit; ~référence; ~producto; ~prodotto; ~商品; ~製品; ~code; ~name
""")
PRODUCT_NAME = _names("""
    name; product name; item name; item description; product description; description
    material description; MAKTX; short text; article description; Bezeichnung; Artikelbezeichnung
    Materialkurztext; Beschreibung; Produktname; désignation; libellé; nom du produit; nom; descripción
    nombre; nombre del producto; denominación; descrizione; nome prodotto; nome; 品名; 商品名; 製品名
    品目名; 名称; ~item; ~product; ~title
""")
UNIT = _names("""
    unit; unit of measure; uom; base unit of measure; base unit; stock uom; default unit of measure
    MEINS; order unit; PRIMARY_UOM_CODE; uom name; Einheit; Mengeneinheit; ME; Basismengeneinheit; unité
    unité de mesure; unidad; unidad de medida; unità; unità di misura; um; 単位; 数量単位; ~each
""")
COST = _names("""
    cost; unit cost; standard cost; standard price; cost price; valuation rate; buying price
    purchase price; moving price; STPRS; VERPR; ITEM_COST; Kosten; Stückkosten; Einkaufspreis; EK-Preis
    Standardpreis; coût; coût unitaire; prix d'achat; prix de revient; coste; costo; coste unitario
    precio de compra; costo unitario; prezzo di acquisto; 原価; 単価原価; 仕入単価; 標準原価
    ~acquisition cost
""")
PRICE = _names("""
    price; sales price; selling price; list price; unit price; standard selling rate; LIST_PRICE
    public price; Verkaufspreis; VK-Preis; Listenpreis; Preis; prix; prix de vente; prix unitaire
    prix public; precio; precio de venta; precio unitario; prezzo; prezzo di vendita; prezzo unitario
    売価; 販売単価; 販売価格; 価格
""")
CURRENCY = _names("""
    currency; currency code; curr; crcy; WAERS; CURRENCY_CODE; Währung; Währungscode; devise; monnaie
    moneda; divisa; valuta; 通貨; 通貨コード
""")
LEAD_TIME = _names("""
    lead time days; lead time in days; lead time (days); lead time; delivery lead time
    planned delivery time; planned deliv. time; PLIFZ; customer lead time; vendor lead time
    FULL_LEAD_TIME; Lieferzeit; Planlieferzeit; Wiederbeschaffungszeit; Lieferzeit in Tagen
    délai de livraison; délai d'approvisionnement; délai; plazo de entrega; tiempo de entrega
    tempo di consegna; tempo di approvvigionamento; lead time giorni; リードタイム; 納期日数; 調達期間
""")
PREFERRED_SUPPLIER = _names("""
    preferred supplier; default supplier; main supplier; preferred vendor; main vendor; regular vendor
    supplier code; vendor code; vendors/vendor; Hauptlieferant; Stammlieferant; Regellieferant
    fournisseur principal; fournisseur préféré; proveedor preferido; proveedor principal
    fornitore principale; fornitore preferito; 主要仕入先; 優先仕入先; ~supplier; ~vendor; ~Lieferant
    ~fournisseur; ~proveedor; ~fornitore; ~仕入先
""")
CATEGORY = _names("""
    category; product category; item group; item category; material group; commodity; product family
    family; MATKL; CATEGORY_NAME; Kategorie; Warengruppe; Materialgruppe; Produktgruppe; catégorie
    famille; groupe de marchandises; categoría; familia; categoria; famiglia; gruppo merci; カテゴリ
    分類; 商品分類
""")
ALTERNATIVES = _names("""
    alternatives; alternative items; alternative products; alternate items; substitutes
    substitute items; replacement; replacements; alternative SKUs; Alternativen; Alternativartikel
    Ersatzartikel; articles de remplacement; substituts; alternativas; sustitutos; alternative articoli
    sostituti; 代替品; 代替品目
""")
SUPPLIER_CODE = _names("""
    supplier code; supplier number; supplier no; supplier id; vendor code; vendor number; vendor no
    vendor id; vendor account; supplier; vendor; LIFNR; VENDOR_NUM; SUPPLIER_NUMBER; vendor/reference
    name of supplier; Lieferant; Lieferantennummer; Lieferanten-Nr.; Kreditor; Kreditorennummer
    fournisseur; code fournisseur; numéro fournisseur; n° fournisseur; proveedor; código de proveedor
    código proveedor; nº proveedor; fornitore; codice fornitore; cod. fornitore; 仕入先; 仕入先コード
    取引先コード; サプライヤー; サプライヤーコード
""")
CUSTOMER_CODE = _names("""
    customer code; customer number; customer no; customer id; customer account; client code; client id
    customer; client; KUNNR; sold-to party; sold-to; sold to; ship-to party; CUSTOMER_NUMBER
    account number; customer/reference; debtor; Kunde; Kundennummer; Kunden-Nr.; Auftraggeber; Debitor
    Debitorennummer; code client; numéro client; n° client; donneur d'ordre; cliente; código de cliente
    código cliente; nº cliente; codice cliente; cod. cliente; 得意先; 得意先コード; 顧客コード; 顧客
    受注先
""")
WAREHOUSE_CODE = _names("""
    warehouse code; warehouse; warehouse id; warehouse no; warehouse number; plant; storage location
    WERKS; LGORT; deliver to; location; stock location; site; depot; facility; ORGANIZATION_CODE
    SUBINVENTORY; Lager; Werk; Lagerort; Lagernummer; Standort; entrepôt; magasin; dépôt; division
    code entrepôt; almacén; centro; bodega; código de almacén; magazzino; deposito; codice magazzino
    divisione; 倉庫; 倉庫コード; 保管場所; プラント; ~branch; ~emplacement; ~ubicación
""")
EMAIL = _names("""
    email; e-mail; mail; email address; e-mail address; contact email; email id; SMTP_ADDR
    E-Mail-Adresse; Mailadresse; courriel; adresse e-mail; adresse mail; correo; correo electrónico
    posta elettronica; indirizzo e-mail; メール; メールアドレス; 電子メール
""")
PHONE = _names("""
    phone; telephone; phone number; tel; tel.; mobile; mobile no; TELF1; Telefon; Telefonnummer
    téléphone; teléfono; telefono; 電話; 電話番号
""")
COUNTRY = _names("""
    country; country code; country key; LAND1; country/country code; Land; Länderschlüssel; pays
    code pays; país; paese; 国; 国コード
""")
TIME_ZONE = _names("""
    time zone; timezone; tz; Zeitzone; fuseau horaire; zona horaria; fuso orario; タイムゾーン; 時間帯
""")
LANGUAGE = _names("""
    language; language code; lang; language key; SPRAS; Sprache; langue; idioma; lingua; 言語
    言語コード
""")
PARTY_NAME = _names("""
    name; supplier name; vendor name; customer name; company; company name; display name; NAME1; name 1
    VENDOR_NAME; CUSTOMER_NAME; Firma; Firmenname; Kundenname; Lieferantenname; Bezeichnung; nom
    raison sociale; nom du client; nom du fournisseur; nombre; razón social; empresa; nome
    ragione sociale; 名称; 会社名; 得意先名; 仕入先名; 氏名; ~description
""")
TIER = _names("""
    tier; customer tier; ABC class; ABC; priority class; customer group; class; Klasse; ABC-Klasse
    Kundenklasse; classe; catégorie client; clase; categoría de cliente; classe cliente; ランク
    顧客ランク; 区分
""")
ORDER_NUMBER = _names("""
    order number; order no; order id; sales order; sales order number; sales order no; SO number; SO no
    order; order reference; sales document; VBELN; ORDER_NUMBER; customer order; order ref; Auftrag
    Auftragsnummer; Auftrags-Nr.; Verkaufsbeleg; Kundenauftrag; Bestellnummer; commande
    numéro de commande; n° commande; commande client; bon de commande; document de vente; pedido
    número de pedido; nº pedido; pedido de venta; orden de venta; ordine; numero ordine; ordine cliente
    ordine di vendita; n. ordine; 受注番号; 注文番号; 受注No; ~reference; ~document; ~document number
    ~id; ~name; ~number
""")
LINE_NUMBER = _names("""
    line number; line no; line; line item; order line; ~item no.; position; pos; pos.; POSNR; EBELP
    LINE_NUM; LINE_NUMBER; sales document item; purchasing document item; PO line; idx; row no; sequence
    Positionsnummer; Zeile; Position; Belegposition; ligne; n° ligne; numéro de ligne; poste; línea
    nº línea; posición; número de línea; riga; numero riga; posizione; 行番号; 明細番号; 明細; 行; ~item
    ~#; ~no; ~nr
""")
QUANTITY = _names("""
    quantity; qty; ordered quantity; order quantity; ordered qty; order qty; quantity ordered
    PO quantity; KWMENG; MENGE; ORDERED_QUANTITY; QUANTITY_ORDERED; order lines/quantity; product qty
    product_uom_qty; demand; Menge; Bestellmenge; Auftragsmenge; Anzahl; Stück; quantité; qté
    quantité commandée; cantidad; cant.; cantidad pedida; quantità; qtà; q.tà; quantità ordinata; 数量
    注文数; 注文数量; 受注数; 受注数量; 発注数; 発注数量; ~units; ~amount; ~pieces; ~pcs; ~open quantity
""")
RECEIVED_QUANTITY = (
    *QUANTITY,
    *_names("""
    received quantity; received qty; quantity received; qty received; accepted qty; accepted quantity
    GR quantity; QUANTITY_RECEIVED; done; delivered quantity; Wareneingangsmenge; Eingangsmenge
    gelieferte Menge; quantité reçue; cantidad recibida; quantità ricevuta; 入荷数; 入荷数量; 受入数量
    検収数
    """),
)
ON_HAND = _names("""
    on hand; onhand; qty on hand; quantity on hand; on hand quantity; on hand qty; stock; stock on hand
    in stock; actual qty; actual quantity; balance qty; unrestricted; unrestricted stock
    unrestricted use; unrestricted-use stock; LABST; ON_HAND_QUANTITY; ON_HAND; TRANSACTION_QUANTITY
    physical stock; inventory; inventory on hand; Bestand; Lagerbestand; frei verwendbar
    Frei verwendbarer Bestand; Istbestand; en stock; stock physique; quantité en stock; quantité en main
    existencias; en mano; cantidad a mano; stock físico; giacenza; disponibile; quantità disponibile
    esistenza; 在庫; 在庫数; 在庫数量; 手持在庫; 現在庫; ~quantity; ~qty; ~Menge; ~quantité; ~cantidad
    ~quantità; ~数量; ~available
""")
REQUESTED_DATE = _names("""
    requested date; request date; requested delivery date; requested deliv.date; req. deliv. date
    need by date; need by; need-by date; needed by; required date; required by; reqd by date
    required delivery date; due date; due; VDATU; EDATU; REQUEST_DATE; NEED_BY_DATE
    customer request date; expected delivery date; commitment date; delivery date; schedule date; EINDT
    want date; Wunschtermin; Wunschlieferdatum; Wunsch-Lieferdatum; Lieferdatum; Liefertermin
    Bedarfstermin; Bedarfsdatum; Termin; date demandée; date souhaitée; date de livraison souhaitée
    date de livraison; date requise; date de besoin; fecha solicitada; fecha requerida; fecha de entrega
    fecha de necesidad; data richiesta; data di consegna; data consegna; data di consegna richiesta
    希望納期; 納期; 要求日; 要求納期; 納入希望日; ~receipt date; ~expected arrival; ~ship date
    ~scheduled date; ~date planned
""")
PROMISED_DATE = _names("""
    promised date; promise date; promised delivery date; confirmed date; confirmed delivery date
    commit date; confirmation date; supplier promise date; PROMISED_DATE; ETA; acknowledged date
    ~expected arrival; bestätigtes Datum; bestätigter Liefertermin; bestätigtes Lieferdatum; Zusagetermin
    zugesagter Termin; date promise; date confirmée; date de livraison confirmée; fecha prometida
    fecha confirmada; fecha de entrega confirmada; data promessa; data confermata
    data di consegna confermata; 回答納期; 確約納期; 納期回答
""")
ORDERED_AT = _names("""
    ordered at; order date; ordered; ordered on; ordered date; ordering date; document date; created on
    creation date; transaction date; date order; PO date; BEDAT; AUDAT; ERDAT; ORDERED_DATE
    CREATION_DATE; Bestelldatum; Auftragsdatum; Belegdatum; date de commande; date du document
    date commande; fecha de pedido; fecha del pedido; fecha de orden; fecha documento; data ordine
    data documento; 受注日; 発注日; 注文日; ~date; ~Datum; ~fecha; ~data; ~日付
""")
RECEIVED_AT = _names("""
    received at; received on; received date; receipt date; date received; posting date; GR date
    goods receipt date; BUDAT; TRANSACTION_DATE; effective date; date done; Eingangsdatum
    Wareneingangsdatum; Buchungsdatum; date de réception; date comptable; fecha de recepción
    fecha contable; data di ricevimento; data ricezione; data registrazione; 入荷日; 受入日; 検収日
    ~date; ~Datum; ~fecha; ~data; ~日付
""")
PO_NUMBER = _names("""
    PO number; PO no; PO; PO id; PO #; purchase order; purchase order number; purchase order no
    purchasing document; purchasing doc.; EBELN; PO_NUMBER; ~SEGMENT1; order reference; order number
    order no; Bestellung; Bestellnummer; Einkaufsbeleg; Bestell-Nr.; commande d'achat; bon de commande
    numéro de commande; commande fournisseur; n° commande; document d'achat; pedido de compra
    orden de compra; número de pedido; nº pedido; OC; ordine di acquisto; ordine d'acquisto
    numero ordine; ordine fornitore; 発注番号; 発注No; 注文番号; 購買伝票; ~reference; ~order
    ~Auftragsnummer; ~commande; ~pedido; ~ordine; ~document; ~id; ~name; ~number
""")
UNIT_PRICE = _names("""
    unit price; price; net price; NETPR; price per unit; rate; unit cost; UNIT_PRICE
    order lines/unit price; PO price; Nettopreis; Einzelpreis; Stückpreis; Preis; prix unitaire
    prix net; prix; precio unitario; precio neto; precio; prezzo unitario; prezzo netto; prezzo; 単価
    発注単価; 購入単価; 正味価格; ~cost
""")
OWN_CODE = _names("""
    code; id; number; no; key; short name; reference; internal reference; ref; account; Nummer; Kürzel
    Kennung; código; codice; numéro; コード; 番号
""")
HANDLING_DAYS = _names("""
    handling days; handling time; processing days; days to ship; Bearbeitungstage; Bearbeitungszeit
    jours de préparation; délai de préparation; días de preparación; giorni di preparazione; 処理日数
    出荷日数
""")
IS_DEFAULT = _names("""
    is default; default; default warehouse; main warehouse; Standard; Standardlager; par défaut
    por defecto; predeterminado; predefinito; 既定; デフォルト
""")
